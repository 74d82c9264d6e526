/**
 * The code of a thread that holds one connection of `node:sqlite`, as text: an eval worker is found from source, from the bundle and from
 * the single executable alike. It answers calls in their order. Starting and losing threads is node-sqlite-connection.ts's business.
 */

import type { SqlValue, Step } from './connection.ts';

/** What the thread is started with. */
export interface ThreadData {
  readonly file: string;
  readonly busyTimeoutMs: number;
  /** Prepared statements kept. */
  readonly statementsMax: number;
  /** Blobs from this size on change hands instead of being copied. */
  readonly transferBytesMin: number;
}

/** The first call is `open`. One answer to each call, in order. */
export type ThreadCall =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'run' | 'transact'; readonly steps: readonly Step[] }
  | { readonly kind: 'execute'; readonly sql: string };

/** The rows of one step, without the column names in each. */
export interface ThreadRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** `code` is SQLite's name of the fault, or empty. */
export type ThreadAnswer =
  | { readonly results: readonly ThreadRows[] }
  | { readonly fault: { readonly code: string; readonly message: string } };

export const threadSource = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const { file, busyTimeoutMs, statementsMax, transferBytesMin } = workerData;

const faultNames = ('OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL '
  + 'EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB').split(' ');
const statements = new Map();
let db;

const prepared = (sql) => {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= statementsMax) statements.delete(statements.keys().next().value);
  const made = db.prepare(sql);
  made.setReturnArrays(true);
  // Without it a number beyond 2^53 in some row would fail the whole answer.
  made.setReadBigInts(true);
  statements.set(sql, made);
  return made;
};

// A number is bound as REAL otherwise, also a whole one.
const bound = (value) => Number.isSafeInteger(value) ? BigInt(value) : value;

const run = ({ sql, values = [] }, transfer) => {
  const statement = prepared(sql);
  const rows = statement.all(...values.map(bound));
  if (rows.length === 0) return { columns: [], rows };
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (typeof value === 'bigint') row[i] = Number(value);
      else if (value instanceof Uint8Array && value.byteLength >= transferBytesMin) transfer.push(value.buffer);
    }
  }
  return { columns: statement.columns().map((column) => column.name), rows };
};

const transact = (steps, transfer) => {
  db.exec('BEGIN IMMEDIATE');
  try {
    const results = steps.map((step) => run(step, transfer));
    db.exec('COMMIT');
    return results;
  } catch (e) {
    // SQLite rolls back by itself on a full disk and on I/O errors.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw e;
  }
};

const answer = (call, transfer) => {
  switch (call.kind) {
    case 'open':
      db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
      db.exec('PRAGMA busy_timeout = ' + busyTimeoutMs);
      return [];
    case 'run':
      return call.steps.map((step) => run(step, transfer));
    case 'transact':
      return transact(call.steps, transfer);
    case 'execute':
      db.exec(call.sql);
      return [];
    case 'close':
      statements.clear();
      db.close();
      return [];
  }
};

const faultOf = (e) => {
  const name = typeof e?.errcode === 'number' ? faultNames[e.errcode & 0xff] ?? 'ERROR' : undefined;
  const message = String(e?.message ?? e);
  return name === undefined ? { code: '', message } : { code: 'SQLITE_' + name, message: 'SQLITE_' + name + ': ' + message };
};

parentPort.on('message', (call) => {
  const transfer = [];
  let made;
  try {
    made = { results: answer(call, transfer) };
  } catch (e) {
    made = { fault: faultOf(e) };
    transfer.length = 0;
  }
  parentPort.postMessage(made, transfer);
  if (call.kind === 'close' || (call.kind === 'open' && made.fault !== undefined)) parentPort.close();
});
`;
