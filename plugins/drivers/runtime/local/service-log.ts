/**
 * The log of one service and version: JSON lines in a file with rotation, read back exactly and followed without polling.
 * Owns its files; what a line means is the writer's business.
 */

import { appendFile, type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { tooMany } from '../../../../internal/contract/error.ts';
import {
  logFileBytesMax,
  logFilesMax,
  logPendingBytesMax,
  watchQueueMax,
} from '../../../../internal/contract/limits.ts';
import type { LogRecord } from '../../../../internal/contract/runtime.ts';

/** Where a line came from. */
export type LogStream = 'stdout' | 'stderr' | 'runtime';

export interface ServiceLog {
  /** Takes one line; it is on its way to the file when this returns. */
  add(stream: LogStream, message: string): void;
  /** The last `lines` records (0: all that is kept), then, with a signal, new ones until it aborts. */
  read(o: { readonly lines: number; readonly follow?: AbortSignal }): AsyncIterable<LogRecord>;
  /** The last messages, for errors. */
  tail(count: number): readonly string[];
  /** Resolves when everything taken so far is in the file. */
  flush(): Promise<void>;
  /** Ends followers and writes what is left. */
  close(): Promise<void>;
  /** Removes the files; call after close(). */
  remove(): Promise<void>;
}

interface Line {
  readonly timestamp: number;
  readonly stream: LogStream;
  readonly message: string;
}

interface Follower {
  readonly queue: Line[];
  wake(): void;
  behind: boolean;
}

/** Lines kept in memory for tail(). */
const tailMax = 50;

export const openServiceLog = (
  file: string,
  o: { readonly now: () => number; onError(e: unknown): void },
): ServiceLog => {
  /** Taken, not yet in the file. */
  let pending: Line[] = [];
  let pendingBytes = 0;
  /** Lines that found no room in `pending`: the disk is slower than the service. */
  let lost = 0;
  let closed = false;
  const recent: string[] = [];
  const followers = new Set<Follower>();
  const inTurn = createTurns();
  const lineOf = (stream: LogStream, message: string): Line => ({ timestamp: o.now(), stream, message });

  const writePending = async (): Promise<void> => {
    if (pending.length === 0) return;
    const batch = pending;
    pending = [];
    pendingBytes = 0;
    if (lost > 0) batch.push(lineOf('runtime', `${lost} lines lost: the disk is too slow (logPendingBytesMax)`));
    lost = 0;
    try {
      await append(file, batch);
    } catch (e) {
      o.onError(e);
    }
  };
  /** What is kept, and from then on each new line to the follower: nothing is written in our turn, so a line is in one of both. */
  const attach = (lines: number, follower: Follower | undefined): Promise<readonly Line[]> =>
    inTurn(async () => {
      await writePending();
      const kept = await readKept(file, lines);
      if (follower === undefined) return kept;
      follower.queue.push(...pending);
      followers.add(follower);
      return kept;
    });

  return {
    add: (stream, message) => {
      if (closed) return;
      const line = lineOf(stream, message);
      if (pendingBytes > logPendingBytesMax) {
        lost += 1;
        return;
      }
      pending.push(line);
      pendingBytes += message.length;
      recent.push(message);
      if (recent.length > tailMax) recent.shift();
      for (const f of followers) push(f, line);
      // Lines of one tick, and those that come while others are written, go to the file together.
      if (pending.length === 1) inTurn(writePending).catch(o.onError);
    },
    read: async function* ({ lines, follow }) {
      const follower: Follower | undefined = follow && { queue: [], wake: () => {}, behind: false };
      try {
        yield* (await attach(lines, follower)).map(recordOf);
        if (follow && follower) yield* followed(follower, follow, () => closed);
      } finally {
        if (follower) followers.delete(follower);
      }
    },
    tail: (count) => recent.slice(-count),
    flush: () => inTurn(writePending),
    close: async () => {
      closed = true;
      for (const f of followers) f.wake();
      await inTurn(writePending);
    },
    remove: () =>
      inTurn(async () => {
        for (const f of [file, ...rotated(file)]) await rm(f, { force: true });
      }),
  };
};

/** Runs steps one after the other; a step that fails does not stop the next. */
const createTurns = (): (<T>(step: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const result = last.then(step, step);
    last = result;
    return result;
  };
};

const push = (f: Follower, line: Line): void => {
  if (f.queue.length >= watchQueueMax) f.behind = true;
  else f.queue.push(line);
  f.wake();
};

async function* followed(f: Follower, signal: AbortSignal, isClosed: () => boolean): AsyncIterable<LogRecord> {
  const onAbort = (): void => f.wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      yield* f.queue.splice(0).map(recordOf);
      if (f.behind)
        throw tooMany(
          'runtime.Runtime.Logs',
          `the reader is behind by more than watchQueueMax (${watchQueueMax}) lines`,
        );
      if (isClosed()) return;
      if (f.queue.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          f.wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const recordOf = (l: Line): LogRecord => ({
  timestamp: l.timestamp,
  message: l.message,
  metadata: { stream: l.stream },
});

const rotated = (file: string): string[] => Array.from({ length: logFilesMax }, (_, i) => `${file}.${i + 1}`);

const append = async (file: string, lines: readonly Line[]): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if ((await sizeOf(file)) > logFileBytesMax) await rotate(file);
  const text = lines.map((l) => `${JSON.stringify(l)}\n`).join('');
  await appendFile(file, (await isCut(file)) ? `\n${text}` : text, { mode: 0o600 });
};

/** Whether the last line was cut by a crash: what follows must not become a part of it. */
const isCut = async (file: string): Promise<boolean> => {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw e;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== newline;
  } finally {
    await handle.close();
  }
};

const newline = 0x0a;

/** The oldest is written over. */
const rotate = async (file: string): Promise<void> => {
  const names = [file, ...rotated(file)];
  for (let i = names.length - 2; i >= 0; i -= 1) {
    await rename(names[i]!, names[i + 1]!).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== 'ENOENT') throw e;
    });
  }
};

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (s) => s.size,
    (e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return 0;
      throw e;
    },
  );

/** The last lines (0: all that is kept), oldest first; older files are read only when the newer ones hold too few. */
const readKept = async (file: string, lines: number): Promise<readonly Line[]> => {
  let kept: string[] = [];
  for (const name of [file, ...rotated(file)]) {
    const texts = (await readText(name)).split('\n').filter((text) => text !== '');
    kept = [...texts, ...kept];
    if (lines > 0 && kept.length >= lines) break;
  }
  return (lines > 0 ? kept.slice(-lines) : kept).flatMap(parseLine);
};

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return '';
    throw e;
  });

/** A line cut by a crash is skipped; it was never handed out. */
const parseLine = (text: string): Line[] => {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
};
