/** The banner of whatever listens: one row per open port. Pure, but for what it writes to the output it is given. */

import type { Listener } from '../contract/listener.ts';
import type { Output } from '../contract/output.ts';
import type { Notice } from '../contract/plugin.ts';
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
  readonly notices: readonly Notice[];
  /** What to type next. */
  readonly next?: string;
}

/** Prints it to stdout, as text or as one JSON object. */
export const printBanner = (out: Output, banner: Banner): void => {
  const { version, dataDir, listeners, notices, next } = banner;
  if (out.format === 'json') {
    out.json({
      version: `v${version}`,
      pid: process.pid,
      data_dir: dataDir,
      listeners,
      ...(notices.length === 0 ? {} : { notices }),
    });
    return;
  }
  out.line(`micro v${version} is ready\n`);
  out.line(listenerTable(listeners));
  out.line('');
  const lines: readonly Notice[] = [
    { name: 'data folder', text: dataDir },
    ...fingerprints(listeners),
    ...elsewhere(listeners),
    ...notices,
    ...(next === undefined ? [] : [{ name: 'next', text: next }]),
  ];
  for (const { name, text } of lines) out.line(`${name.padEnd(nameColumns)}${text}`);
};

const nameColumns = 'data folder  '.length;

/** Listeners share a certificate that this server made. */
const fingerprints = (listeners: readonly Listener[]): readonly Notice[] =>
  [...new Set(listeners.flatMap(({ fingerprint }) => fingerprint ?? []))].map((text) => ({
    name: 'fingerprint',
    text,
  }));

/** What to type on another machine to reach the proxy. */
const elsewhere = (listeners: readonly Listener[]): readonly Notice[] =>
  listeners.flatMap(({ name, url, fingerprint }) => {
    if (name !== 'proxy' || url === undefined) return [];
    const pin = fingerprint === undefined ? '' : ` --fingerprint ${fingerprint}`;
    return [{ name: 'elsewhere', text: `micro env add NAME ${url}${pin}` }];
  });
