/** What commands print: results to stdout, remarks to stderr, tables as text or JSON. Owns the form; opens and closes no stream. */

import type { Readable, Writable } from 'node:stream';

import type { Column, Output } from '../contract/output.ts';
import { layOut, statusLayout } from './table.ts';

export interface OutputStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable;
  /** Ends a prompt that waits. */
  readonly signal?: AbortSignal;
}

/** Text columns are tab-written (cli.md A.1, TW1); JSON is indented by one TAB. */
export const createOutput = (o: OutputStreams & { readonly format: Output['format'] }): Output => {
  const json = (value: unknown): void => {
    o.stdout.write(`${JSON.stringify(value, jsonValue, '\t') ?? 'null'}\n`);
  };
  return {
    format: o.format,
    columns: o.stdout.isTTY ? o.stdout.columns : undefined,
    interactive: o.stdin.isTTY === true,
    line: (text) => void o.stdout.write(`${text}\n`),
    write: (text) => void o.stdout.write(text),
    note: (text) => void o.stderr.write(`${text}\n`),
    json,
    table: (rows, columns, toJson) => {
      if (o.format === 'json') json(rows.map(toJson ?? ((row) => rowObject(row, columns))));
      else if (rows.length > 0) o.stdout.write(layOut(tableText(rows, columns), statusLayout));
    },
    prompt: async (text, options) => {
      const { prompt } = await import('./prompt.ts');
      const { hidden, aside } = options ?? {};
      return prompt(text, { stdin: o.stdin, to: aside ? o.stderr : o.stdout, signal: o.signal, hidden });
    },
  };
};

const tableText = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string =>
  [columns.map((c) => c.title), ...rows.map((row) => columns.map((c) => cellText(c.value(row))))]
    .map((cells) => `${cells.join('\t')}\n`)
    .join('');

/** Cells hold strangers' text: nothing in them may end the cell or steer the terminal. */
export const cellText = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

const rowObject = <Row>(row: Row, columns: readonly Column<Row>[]): Record<string, string> =>
  Object.fromEntries(columns.map((c) => [c.title.toLowerCase().replaceAll(' ', '_'), c.value(row)]));

/** 64-bit numbers keep every digit as text, bytes are base64: as in the wire's JSON. */
const jsonValue = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
};
