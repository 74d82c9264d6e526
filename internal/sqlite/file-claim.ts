/**
 * Who has which database file open in this process. Two copies of SQLite must never have one file open in the same process: POSIX locks
 * belong to the process, so a file that one copy closes loses the locks of the other, and then other processes may damage it.
 */

import { statSync } from 'node:fs';

import { conflict } from '../contract/error.ts';
import type { DatabaseEngine } from './connection.ts';

type EngineName = DatabaseEngine['name'];

/** The one state of a module in this folder: what it guards is the process's as well. */
const claims = new Map<string, { readonly engine: EngineName; count: number }>();

/** By device and number: one file can have many names. */
const identity = (file: string): string => {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
};

/** Held until the function that it gives is called, once every connection is closed. The file must exist. Throws `conflict` when the other engine has it. */
export const claimFile = (file: string, o: { readonly engine: EngineName; readonly id: string }): (() => void) => {
  const key = identity(file);
  const claim = claims.get(key) ?? { engine: o.engine, count: 0 };
  if (claim.engine !== o.engine)
    throw conflict(o.id, `${file} is open with the other SQLite engine of this process (${claim.engine})`, {
      hint: 'set one engine for all databases: MICRO_SQLITE_ENGINE',
    });
  claim.count += 1;
  claims.set(key, claim);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    claim.count -= 1;
    if (claim.count === 0) claims.delete(key);
  };
};
