/** The tables of the auth commands: v3 puts two TABs between its columns (cli.md 2.11). Pure. */

import { cellText } from '../../../internal/cli/output.ts';
import { layOut, statusLayout } from '../../../internal/cli/table.ts';

/** Titles come first also when no row does. */
export const wideTable = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  layOut([titles, ...rows].map((cells) => `${cells.map(cellText).join('\t\t')}\n`).join(''), statusLayout);
