/** Turns SQLite's faults into micro errors that name the file and the way out. Decides nothing about retries. */

import { internal, isMicroError, type MicroErrorJson, outOfSpace, unavailable } from '../contract/error.ts';

export interface FaultContext {
  /** Error id: who owns the database, e.g. `drivers/store/sqlite`. */
  readonly id: string;
  readonly file: string;
}

/** SQLite's name of a fault (`SQLITE_FULL`), empty for anything else. */
export const faultCode = (e: unknown): string =>
  e instanceof Error && 'code' in e && typeof e.code === 'string' && e.code.startsWith('SQLITE') ? e.code : '';

/** Faults of the file or the disk as such: trying the neighbours of a write alone would only meet them again. */
export const isFileFault = (e: unknown): boolean =>
  [
    'SQLITE_BUSY',
    'SQLITE_LOCKED',
    'SQLITE_CORRUPT',
    'SQLITE_NOTADB',
    'SQLITE_READONLY',
    'SQLITE_CANTOPEN',
    threadLostCode,
  ].includes(faultCode(e));

/** Not a fault of SQLite's own: the thread of a connection is gone (node-sqlite-connection.ts). */
const threadLostCode = 'SQLITE_THREAD_LOST';

export const threadLost = (reason: string, cause?: unknown): Error =>
  Object.assign(new Error(`the thread of the database is gone: ${reason}`, { cause }), { code: threadLostCode });

export const sqliteFault = (e: unknown, o: FaultContext): MicroErrorJson & Error => {
  if (isMicroError(e)) return e;
  const cause = { cause: e };
  const reason = e instanceof Error ? e.message : String(e);
  switch (faultCode(e)) {
    case 'SQLITE_FULL':
      return outOfSpace(o.id, `no space left for ${o.file}`, {
        ...cause,
        hint: 'free some disk space, or raise file_bytes_max when it is set; nothing that was acknowledged is lost',
      });
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return internal(o.id, `database file is damaged: ${o.file}`, { ...cause, hint: damagedHint(o.file) });
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return unavailable(o.id, `database file is locked by another process: ${o.file}`, {
        ...cause,
        hint: 'stop the other process, or raise busy_timeout',
      });
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
      return internal(o.id, `cannot open ${o.file}: ${reason}`, {
        ...cause,
        hint: 'check that the file and its folder belong to you and can be written',
      });
    case 'SQLITE_IOERR':
      return internal(o.id, `disk fault at ${o.file}: ${reason}`, {
        ...cause,
        hint: 'check the disk, its free space and the limits of the process; nothing that was acknowledged is lost',
      });
    case threadLostCode:
      return unavailable(o.id, `${o.file}: ${reason}`, {
        ...cause,
        hint: 'start micro again; nothing that was acknowledged is lost',
      });
    default:
      return internal(o.id, `${o.file}: ${reason}`, cause);
  }
};

/** What someone with a damaged file can do; the sidecar files belong to it. */
export const damagedHint = (file: string): string =>
  `put a backup in its place, or move it and its -wal and -shm files away to start empty: mv ${file} ${file}.damaged`;
