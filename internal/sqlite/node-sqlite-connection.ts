/**
 * The engine on Node's own `node:sqlite`: each connection lives in a thread of its own, because its calls block. For executables whose
 * sqlite3 addon cannot be loaded. Owns the threads; a thread that ends unasked fails every call from then on, it is not started again
 * (the connection's settings went with it).
 */

import { Worker } from 'node:worker_threads';

import type { ConnectionOptions, Engine, Row, Rows, SqliteConnection, Step } from './connection.ts';
import {
  type ThreadAnswer,
  type ThreadCall,
  type ThreadData,
  type ThreadRows,
  threadSource,
} from './node-sqlite-thread.ts';
import { threadLost } from './sqlite-fault.ts';

/** Prepared statements kept per connection; our code uses a handful. */
const statementsMax = 64;
/** Below it a copy is cheaper than handing the memory over. */
const transferBytesMin = 64 * 1024;
/** What rows of one answer may take on the thread's heap; blobs lie outside of it. */
const heapMbMax = 512;

export const nodeSqliteEngine: Engine = (o) => connectThread(startThread(o));

const startThread = (o: ConnectionOptions): Worker => {
  const workerData: ThreadData = {
    file: o.file,
    busyTimeoutMs: Math.max(0, Math.trunc(o.busyTimeoutMs)),
    statementsMax,
    transferBytesMin,
  };
  return new Worker(threadSource, {
    eval: true,
    workerData,
    name: 'sqlite',
    env: {},
    // node:sqlite says at each load that it is experimental.
    execArgv: ['--no-warnings'],
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
  });
};

interface Waiting {
  resolve(answer: ThreadAnswer): void;
  reject(reason: unknown): void;
}

/** The connection that `thread` holds; opened when this resolves. */
export const connectThread = async (thread: Worker): Promise<SqliteConnection> => {
  const link = linkTo(thread);
  const call = async (message: ThreadCall, transfer?: readonly ArrayBuffer[]): Promise<readonly Rows[]> => {
    const answer = await link.call(message, transfer);
    if ('fault' in answer) throw Object.assign(new Error(answer.fault.message), { code: answer.fault.code });
    return answer.results.map(rowsOf);
  };
  const runSteps = (kind: 'run' | 'transact', steps: readonly Step[]): Promise<readonly Rows[]> => {
    const transfer: ArrayBuffer[] = [];
    return call({ kind, steps: steps.map((step) => sendable(step, transfer)) }, transfer);
  };
  const closeAll = async (): Promise<void> => {
    if (link.ended()) return link.end();
    await call({ kind: 'close' }).finally(() => link.end());
  };
  try {
    await call({ kind: 'open' });
  } catch (e) {
    await link.end();
    throw e;
  }
  let closed: Promise<void> | undefined;
  return {
    query: async (step) => (await runSteps('run', [step]))[0] ?? [],
    execute: async (sql) => void (await call({ kind: 'execute', sql })),
    transact: (steps) => runSteps(steps.length === 1 ? 'run' : 'transact', steps),
    close: () => {
      closed ??= closeAll();
      return closed;
    },
  };
};

interface Link {
  call(message: ThreadCall, transfer?: readonly ArrayBuffer[]): Promise<ThreadAnswer>;
  ended(): boolean;
  /** Resolves when the thread is gone. */
  end(): Promise<void>;
}

/** Calls and answers in their order. The thread holds the process only while an answer is owed, as the addon does. */
const linkTo = (thread: Worker): Link => {
  const waiting: Waiting[] = [];
  let lost: Error | undefined;
  const lose = (reason: string, cause?: unknown): void => {
    lost ??= threadLost(reason, cause);
    for (const one of waiting.splice(0)) one.reject(lost);
  };
  const gone = new Promise<void>((resolve) => {
    thread.once('exit', (status) => {
      lose(`it ended with status ${status}`);
      resolve();
    });
  });
  thread.on('message', (answer: ThreadAnswer) => {
    waiting.shift()?.resolve(answer);
    if (waiting.length === 0) thread.unref();
  });
  thread.on('messageerror', (e) => lose(e.message, e));
  thread.on('error', (e: unknown) => lose(e instanceof Error ? e.message : String(e), e));
  thread.unref();
  return {
    call: (message, transfer = []) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        thread.postMessage(message, transfer);
        waiting.push({ resolve, reject });
        if (waiting.length === 1) thread.ref();
      }),
    ended: () => lost !== undefined,
    end: async () => {
      thread.ref();
      await thread.terminate();
      await gone;
    },
  };
};

/** A view is sent with all of the memory that it looks at, so parts of larger buffers are copied first. */
const sendable = (step: Step, transfer: ArrayBuffer[]): Step => {
  if (step.values === undefined) return step;
  const values = step.values.map((value) => {
    if (!(value instanceof Uint8Array) || value.byteLength === value.buffer.byteLength) return value;
    const copy = new Uint8Array(value);
    if (copy.byteLength >= transferBytesMin) transfer.push(copy.buffer);
    return copy;
  });
  return { sql: step.sql, values };
};

const rowsOf = (result: ThreadRows): Rows =>
  result.rows.map((values) => {
    const row: Record<string, Row[string]> = {};
    for (let i = 0; i < values.length; i += 1) row[result.columns[i]!] = values[i]!;
    return row;
  });
