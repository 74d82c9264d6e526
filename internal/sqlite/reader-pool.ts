/**
 * Reads on connections of their own, so that they never wait for a commit. Look-ups by key that wait together go down as one statement.
 * A read that starts after a write was acknowledged sees it. Owns the queue of waiting reads, not the connections.
 */

import { tooMany, unavailable } from '../contract/error.ts';
import { storeGroupMax, storeQueueMax } from '../contract/limits.ts';
import type { Row, Rows, SqliteConnection, Step } from './connection.ts';
import type { PackedStatement } from './group-writer.ts';
import { type PackedRow, packRows } from './packed-rows.ts';
import { type FaultContext, sqliteFault } from './sqlite-fault.ts';

export interface ReaderPool {
  /** The row for this key, or undefined. The statement must return `i`, the `key` of `json_each(?1)`, with each row. */
  lookUp(statement: PackedStatement, row: PackedRow, signal?: AbortSignal): Promise<Row | undefined>;
  query(step: Step, signal?: AbortSignal): Promise<Rows>;
  /** Refuses new work and resolves when what was accepted is settled. */
  drain(): Promise<void>;
}

interface Job {
  readonly statement?: PackedStatement;
  readonly row?: PackedRow;
  readonly step?: Step;
  readonly signal: AbortSignal | undefined;
  resolve(rows: Rows): void;
  reject(reason: unknown): void;
}

export const createReaderPool = (connections: readonly SqliteConnection[], o: FaultContext): ReaderPool => {
  const idle = [...connections];
  const waiting: Job[] = [];
  const working = new Set<Promise<void>>();
  let scheduled = false;
  let closed = false;

  const work = async (connection: SqliteConnection): Promise<void> => {
    for (let jobs = takeJobs(waiting); jobs.length > 0; jobs = takeJobs(waiting)) await settle(connection, jobs, o);
    idle.push(connection);
  };
  const dispatch = (): void => {
    scheduled = false;
    while (waiting.length > 0) {
      const connection = idle.pop();
      if (connection === undefined) return;
      const running = work(connection).finally(() => working.delete(running));
      working.add(running);
    }
  };
  const submit = (job: Omit<Job, 'resolve' | 'reject'>): Promise<Rows> => {
    if (closed) return Promise.reject(unavailable(o.id, `database is closed: ${o.file}`));
    if (waiting.length >= storeQueueMax)
      return Promise.reject(tooMany(o.id, `too many reads are waiting (storeQueueMax: ${storeQueueMax})`));
    return new Promise((resolve, reject) => {
      waiting.push({ ...job, resolve, reject });
      if (scheduled) return;
      scheduled = true;
      setImmediate(dispatch);
    });
  };
  return {
    lookUp: async (statement, row, signal) => {
      signal?.throwIfAborted();
      const [found] = await submit({ statement, row, signal });
      return found;
    },
    query: async (step, signal) => {
      signal?.throwIfAborted();
      return submit({ step, signal });
    },
    drain: async () => {
      closed = true;
      if (scheduled) await new Promise((resolve) => setImmediate(resolve));
      while (working.size > 0) await Promise.all(working);
    },
  };
};

/** The next query alone, or the look-ups of one statement from the front of the queue. */
const takeJobs = (waiting: Job[]): Job[] => {
  const first = waiting[0];
  if (first === undefined) return [];
  if (first.statement === undefined) return waiting.splice(0, 1);
  let count = 1;
  while (count < storeGroupMax && waiting[count]?.statement === first.statement) count += 1;
  return waiting.splice(0, count);
};

const settle = async (connection: SqliteConnection, jobs: readonly Job[], o: FaultContext): Promise<void> => {
  const wanted = jobs.filter((job) => !withdrawn(job));
  const [first] = wanted;
  if (first === undefined) return;
  try {
    if (first.step !== undefined) return first.resolve(await connection.query(first.step));
    if (first.statement !== undefined) await settleLookUps(connection, first.statement, wanted);
  } catch (e) {
    const fault = sqliteFault(e, o);
    for (const job of wanted) job.reject(fault);
  }
};

const withdrawn = (job: Job): boolean => {
  if (job.signal?.aborted !== true) return false;
  job.reject(job.signal.reason);
  return true;
};

const settleLookUps = async (
  connection: SqliteConnection,
  statement: PackedStatement,
  jobs: readonly Job[],
): Promise<void> => {
  const values = packRows(
    statement.columns,
    jobs.map((job) => job.row ?? []),
  );
  const found = new Map<number, Row>();
  for (const row of await connection.query({ sql: statement.sql, values })) found.set(Number(row.i), row);
  jobs.forEach((job, i) => {
    const row = found.get(i);
    job.resolve(row === undefined ? [] : [row]);
  });
};
