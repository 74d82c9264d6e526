/** Columns from TAB-separated text, as Go's tab writer lays them out (cli.md A.1). Pure. */

export interface TableLayout {
  readonly minWidth: number;
  /** Width of one TAB in columns; used when the padding is TABs. */
  readonly tabWidth: number;
  readonly padding: number;
  readonly pad: '\t' | ' ';
  /** Leading empty cells are padded with TABs. */
  readonly tabIndent?: boolean;
}

/** `status`, `auth list` and every table without a form of its own. */
export const statusLayout: TableLayout = { minWidth: 0, tabWidth: 8, padding: 1, pad: '\t' };
/** `env` and `store read -v`. */
export const envLayout: TableLayout = { minWidth: 0, tabWidth: 0, padding: 1, pad: ' ' };
/** Help pages. */
export const helpLayout: TableLayout = { minWidth: 1, tabWidth: 8, padding: 2, pad: ' ' };

/**
 * Lays out lines whose cells are ended by TABs; the last cell of a line belongs to no column. Cells of adjacent lines share one width
 * per column until a line does not have that cell. Keeps the text's last newline, or its absence.
 */
export const layOut = (text: string, layout: TableLayout): string => {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = columnWidths(lines, layout);
  return lines.map((cells, i) => lineText(cells, widths[i] ?? [], layout)).join('\n');
};

/** The width of each ended cell: per column, runs of adjacent lines that have it share the widest. */
const columnWidths = (lines: readonly (readonly string[])[], layout: TableLayout): readonly number[][] => {
  const widths: number[][] = lines.map(() => []);
  const columns = Math.max(...lines.map((cells) => cells.length - 1));
  for (let column = 0; column < columns; column++) {
    for (let from = 0; from < lines.length; from++) {
      let to = from;
      let width = layout.minWidth;
      for (; column < (lines[to]?.length ?? 0) - 1; to++)
        width = Math.max(width, runes(lines[to]?.[column] ?? '') + layout.padding);
      for (let i = from; i < to; i++) widths[i]?.push(width);
      from = Math.max(from, to);
    }
  }
  return widths;
};

const lineText = (cells: readonly string[], widths: readonly number[], layout: TableLayout): string => {
  let indenting = layout.tabIndent === true;
  return cells
    .map((cell, column) => {
      if (cell !== '') indenting = false;
      const width = widths[column];
      return width === undefined ? cell : cell + padding(runes(cell), width, layout, indenting);
    })
    .join('');
};

const padding = (length: number, width: number, { pad, tabWidth }: TableLayout, indenting: boolean): string => {
  if (pad === ' ' && !indenting) return ' '.repeat(width - length);
  if (tabWidth === 0) return '';
  const rounded = Math.ceil(width / tabWidth) * tabWidth;
  return '\t'.repeat(Math.ceil((rounded - length) / tabWidth));
};

const runes = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
