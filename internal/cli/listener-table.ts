/** The banner of whatever listens: one row per open port. Pure, but for what it writes to the output it is given. */

import type { Listener } from '../contract/listener.ts';
import type { Output } from '../contract/output.ts';
import { helpLayout, layOut } from './table.ts';

/** Columns are padded by blanks: the banner is for reading. */
export const listenerTable = (listeners: readonly Listener[]): string => {
  const rows = [
    ['LISTENER', 'ADDRESS', 'PROTOCOL', 'AUTH'],
    ...listeners.map((l) => [l.name, l.address, l.protocol, l.auth ? 'yes' : 'no']),
  ];
  return layOut(rows.map((row) => row.join('\t')).join('\n'), helpLayout);
};

export interface Banner {
  readonly version: string;
  readonly dataDir: string;
  readonly listeners: readonly Listener[];
  /** What to type next. */
  readonly next?: string;
}

/** Prints it to stdout, as text or as one JSON object. */
export const printBanner = (out: Output, banner: Banner): void => {
  const { version, dataDir, listeners, next } = banner;
  if (out.format === 'json') {
    out.json({ version: `v${version}`, pid: process.pid, data_dir: dataDir, listeners });
    return;
  }
  out.line(`micro v${version} is ready\n`);
  out.line(listenerTable(listeners));
  out.line(`\ndata folder  ${dataDir}`);
  if (next !== undefined) out.line(`next         ${next}`);
};
