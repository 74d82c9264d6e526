/**
 * A database file: opened with WAL, checked, brought to its schema version, written by one grouping writer and read
 * by a few readers. Two processes may have one file open. Owns the connections; what the tables mean is the driver's business.
 */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { internal } from '../contract/error.ts';
import type { DatabaseEngine, SqliteConnection } from './connection.ts';
import { addonEngine } from './engine-choice.ts';
import { claimFile } from './file-claim.ts';
import { createGroupWriter, type GroupWriter } from './group-writer.ts';
import { createReaderPool, type ReaderPool } from './reader-pool.ts';
import { damagedHint, type FaultContext, faultCode, sqliteFault } from './sqlite-fault.ts';

/** Written into the header of every file of ours: 'mcro' in ASCII. */
const applicationId = 0x6d63726f;
/** Switching a file to WAL does not wait for locks by itself. */
const walAttemptsMax = 50;
const walRetryMs = 50;

export interface DatabaseOptions {
  readonly file: string;
  /** Error id of whoever owns the file. */
  readonly id: string;
  /** Schema steps in order; a file that has seen n of them is at version n. Published steps never change. */
  readonly schema: readonly string[];
  readonly busyTimeoutMs?: number;
  /** What a commit outlives: the end of the machine (default), or that of the process alone, which costs no wait for the disk. */
  readonly outlives?: 'machine' | 'process';
  /** Largest size of the file; 0 or undefined for no bound but the disk. */
  readonly fileBytesMax?: number;
  /** Default: the addon. See engine-choice.ts. */
  readonly engine?: DatabaseEngine;
}

export interface Database {
  readonly file: string;
  readonly writer: GroupWriter;
  readonly reader: ReaderPool;
  /** Settles what was accepted, then closes. Safe twice. */
  close(): Promise<void>;
}

/** Creates the file (mode 0600) when it is missing. A damaged, foreign or newer file is refused with the way out, and not touched. */
export const openDatabase = async (o: DatabaseOptions): Promise<Database> => {
  const fault: FaultContext = { id: o.id, file: o.file };
  const engine = o.engine ?? addonEngine;
  const opened: SqliteConnection[] = [];
  let release = (): void => {};
  const connect = async (): Promise<SqliteConnection> => {
    const connection = await engine.connect({ file: o.file, busyTimeoutMs: o.busyTimeoutMs ?? 5_000 });
    opened.push(connection);
    return connection;
  };
  try {
    createFile(o.file);
    release = claimFile(o.file, { engine: engine.name, id: o.id });
    const write = await connect();
    await prepareFile(write, o);
    const readers: SqliteConnection[] = [];
    for (let i = 0; i < engine.readers; i += 1) {
      const read = await connect();
      await read.execute('PRAGMA query_only = ON');
      readers.push(read);
    }
    return databaseOf(o.file, { write, readers, fault, release });
  } catch (e) {
    for (const connection of opened.reverse()) await connection.close();
    release();
    throw sqliteFault(e, fault);
  }
};

/** Private to its owner from the first byte on; SQLite gives its -wal and -shm files the same mode. */
const createFile = (file: string): void => {
  // Only the last folder: a path that is wrong further up is a mistake to report, not to build.
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { mode: 0o700 });
  // To close a file is to drop this process's locks on it, so one that is there, and perhaps open, is left alone.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

const databaseOf = (
  file: string,
  o: { write: SqliteConnection; readers: readonly SqliteConnection[]; fault: FaultContext; release(): void },
): Database => {
  const writer = createGroupWriter(o.write, o.fault);
  const reader = createReaderPool(o.readers, o.fault);
  const closeAll = async (): Promise<void> => {
    await Promise.all([writer.drain(), reader.drain()]);
    for (const connection of o.readers) await connection.close();
    await o.write.close();
    o.release();
  };
  let closing: Promise<void> | undefined;
  return {
    file,
    writer,
    reader,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
};

const prepareFile = async (connection: SqliteConnection, o: DatabaseOptions): Promise<void> => {
  await checkOwner(connection, o);
  await switchToWal(connection);
  const synchronous = o.outlives === 'process' ? 'NORMAL' : 'FULL';
  await connection.execute(
    `PRAGMA synchronous = ${synchronous}; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864`,
  );
  await migrate(connection, o);
  if (o.fileBytesMax !== undefined && o.fileBytesMax > 0) await boundFile(connection, o.fileBytesMax);
};

const pragma = async (connection: SqliteConnection, name: string): Promise<number> => {
  const [row] = await connection.query({ sql: `PRAGMA ${name}` });
  return Number(Object.values(row ?? {})[0] ?? 0);
};

const checkOwner = async (connection: SqliteConnection, o: DatabaseOptions): Promise<void> => {
  // In this order: another process may give a new file its tables and its id, both at once, at this very moment.
  const tables = await connection.query({ sql: 'SELECT count(*) AS n FROM sqlite_schema' });
  const id = await pragma(connection, 'application_id');
  if (id === applicationId || (id === 0 && Number(tables[0]?.n) === 0)) return;
  throw internal(o.id, `not a database of micro: ${o.file}`, { hint: damagedHint(o.file) });
};

const switchToWal = async (connection: SqliteConnection): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.query({ sql: 'PRAGMA journal_mode = WAL' });
      return;
    } catch (e) {
      if (faultCode(e) !== 'SQLITE_BUSY' || attempt === walAttemptsMax) throw e;
      await delay(walRetryMs);
    }
  }
};

/** Each step and its version are one transaction; a second process that opens the file at the same time waits for it. */
const migrate = async (connection: SqliteConnection, o: DatabaseOptions): Promise<void> => {
  await connection.execute('BEGIN IMMEDIATE');
  try {
    const version = await pragma(connection, 'user_version');
    if (version > o.schema.length)
      throw internal(o.id, `made by a newer version of micro (schema ${version}): ${o.file}`, {
        hint: `update micro, or name another file; this version knows schema ${o.schema.length}`,
      });
    for (const step of o.schema.slice(version)) await connection.execute(step);
    if (version < o.schema.length)
      await connection.execute(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${o.schema.length}`);
    await connection.execute('COMMIT');
  } catch (e) {
    await connection.execute('ROLLBACK').catch((second: unknown) => {
      if (!(second instanceof Error && second.message.includes('no transaction'))) throw second;
    });
    throw e;
  }
};

const boundFile = async (connection: SqliteConnection, bytes: number): Promise<void> => {
  const pageBytes = await pragma(connection, 'page_size');
  await connection.query({ sql: `PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / pageBytes))}` });
};
