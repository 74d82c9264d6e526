/**
 * The one writer of a database: writes that arrive while it is idle for a tick, or while it commits, go down together as ONE transaction,
 * and those of one kind as one statement. Acknowledges after the commit. When a group fails, its members are tried one by one, so that a
 * bad record never fails its neighbours. Owns the queue and its bounds, not the connection.
 */

import { tooMany, unavailable } from '../contract/error.ts';
import { storeGroupBytesMax, storeGroupMax, storeQueueBytesMax, storeQueueMax } from '../contract/limits.ts';
import type { Rows, SqliteConnection, Step } from './connection.ts';
import { type PackedColumn, type PackedRow, packRows, rowBytes } from './packed-rows.ts';
import { type FaultContext, isFileFault, sqliteFault } from './sqlite-fault.ts';

/** A statement over packed rows (`… FROM json_each(?1)`): a group of its rows costs one execution. Compared by identity. */
export interface PackedStatement {
  readonly sql: string;
  readonly columns: readonly PackedColumn[];
}

export interface GroupWriter {
  /** Resolves when the row is on disk. An abort before its group is on the way withdraws it. */
  write(statement: PackedStatement, row: PackedRow, signal?: AbortSignal): Promise<void>;
  /** All steps or none, in one transaction, in turn with the writes; the rows of each. */
  transact(steps: readonly Step[], signal?: AbortSignal): Promise<readonly Rows[]>;
  /** Refuses new work and resolves when what was accepted is settled. */
  drain(): Promise<void>;
}

interface Job {
  readonly statement?: PackedStatement;
  readonly row?: PackedRow;
  readonly steps: readonly Step[];
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
  resolve(results: readonly Rows[]): void;
  reject(reason: unknown): void;
}

export const createGroupWriter = (connection: SqliteConnection, o: FaultContext): GroupWriter => {
  let queue: Job[] = [];
  let queuedBytes = 0;
  let running: Promise<void> | undefined;
  let closed = false;

  const run = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const { group, rest } = takeGroup(queue);
      queue = rest;
      for (const job of group) queuedBytes -= job.bytes;
      await settleGroup(connection, group, o);
    }
    running = undefined;
  };
  const submit = (job: Omit<Job, 'resolve' | 'reject'>): Promise<readonly Rows[]> => {
    if (closed) return Promise.reject(unavailable(o.id, `database is closed: ${o.file}`));
    if (queue.length >= storeQueueMax)
      return Promise.reject(tooMany(o.id, `too many writes are waiting (storeQueueMax: ${storeQueueMax})`));
    if (queuedBytes > 0 && queuedBytes + job.bytes > storeQueueBytesMax)
      return Promise.reject(tooMany(o.id, `too many bytes are waiting (storeQueueBytesMax: ${storeQueueBytesMax})`));
    return new Promise((resolve, reject) => {
      queue.push({ ...job, resolve, reject });
      queuedBytes += job.bytes;
      running ??= run();
    });
  };
  return {
    write: async (statement, row, signal) => {
      signal?.throwIfAborted();
      await submit({ statement, row, steps: [], bytes: rowBytes(row), signal });
    },
    transact: async (steps, signal) => {
      signal?.throwIfAborted();
      const bytes = steps.reduce((n, step) => n + rowBytes(step.values ?? []), 0);
      return submit({ steps, bytes, signal });
    },
    drain: async () => {
      closed = true;
      await running;
    },
  };
};

/** The front of the queue within the bounds of a group, never less than one job. */
const takeGroup = (queue: readonly Job[]): { group: Job[]; rest: Job[] } => {
  let bytes = 0;
  let count = 0;
  for (const job of queue) {
    if (count === storeGroupMax || (count > 0 && bytes + job.bytes > storeGroupBytesMax)) break;
    bytes += job.bytes;
    count += 1;
  }
  return { group: queue.slice(0, count), rest: queue.slice(count) };
};

const settleGroup = async (connection: SqliteConnection, group: readonly Job[], o: FaultContext): Promise<void> => {
  const wanted = group.filter((job) => !withdrawn(job));
  if (wanted.length === 0) return;
  try {
    await commit(connection, wanted);
  } catch (e) {
    if (wanted.length > 1 && !isFileFault(e)) return settleOneByOne(connection, wanted, o);
    const fault = sqliteFault(e, o);
    for (const job of wanted) job.reject(fault);
  }
};

const settleOneByOne = async (connection: SqliteConnection, jobs: readonly Job[], o: FaultContext): Promise<void> => {
  for (const job of jobs) await settleGroup(connection, [job], o);
};

const withdrawn = (job: Job): boolean => {
  if (job.signal?.aborted !== true) return false;
  job.reject(job.signal.reason);
  return true;
};

/** Runs the jobs in their order as one transaction; neighbours with the same statement become one step. */
const commit = async (connection: SqliteConnection, jobs: readonly Job[]): Promise<void> => {
  const steps: Step[] = [];
  const firstStep: number[] = [];
  for (let i = 0; i < jobs.length; ) {
    const job = jobs[i]!;
    const { statement } = job;
    if (statement === undefined) {
      firstStep[i] = steps.length;
      steps.push(...job.steps);
      i += 1;
      continue;
    }
    const run = runOf(jobs, i);
    steps.push({
      sql: statement.sql,
      values: packRows(
        statement.columns,
        run.map((j) => j.row ?? []),
      ),
    });
    i += run.length;
  }
  const results = await connection.transact(steps);
  jobs.forEach((job, i) => {
    const at = firstStep[i];
    job.resolve(at === undefined ? [] : results.slice(at, at + job.steps.length));
  });
};

const runOf = (jobs: readonly Job[], from: number): readonly Job[] => {
  let to = from + 1;
  while (to < jobs.length && jobs[to]!.statement === jobs[from]!.statement) to += 1;
  return jobs.slice(from, to);
};
