/**
 * The log of one service and version: JSON lines in a file with rotation, read back exactly and followed without polling.
 * Owns its files; what a line means is the writer's business.
 */

import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { tooMany } from '../../../../internal/contract/error.ts';
import { logFileBytesMax, logFilesMax, watchQueueMax } from '../../../../internal/contract/limits.ts';
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
  let writing: Promise<void> | undefined;
  let closed = false;
  /** Lines taken, and lines written (or lost to a fault of the disk, which was reported), since this log was opened. */
  let taken = 0;
  let written = 0;
  const recent: string[] = [];
  const followers = new Set<Follower>();

  const write = async (): Promise<void> => {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        await append(file, batch);
      } catch (e) {
        o.onError(e);
      }
      written += batch.length;
    }
    writing = undefined;
  };
  const flush = async (): Promise<void> => {
    while (writing) await writing;
  };

  return {
    add: (stream, message) => {
      if (closed) return;
      const line = { timestamp: o.now(), stream, message };
      pending.push(line);
      taken += 1;
      recent.push(message);
      if (recent.length > tailMax) recent.shift();
      for (const f of followers) push(f, line);
      writing ??= Promise.resolve().then(write);
    },
    read: async function* ({ lines, follow }) {
      // What is taken from now on reaches the follower; what was taken before is in the file after the flush. Lines of the time between
      // are in both, and are told apart by their number.
      const follower: Follower = { queue: [], wake: () => {}, behind: false };
      if (follow) followers.add(follower);
      const before = taken;
      try {
        await flush();
        const kept = await readKept(file);
        const all = kept.slice(0, kept.length - Math.max(0, written - before));
        yield* (lines > 0 ? all.slice(-lines) : all).map(recordOf);
        if (follow) yield* followed(follower, follow, () => closed);
      } finally {
        followers.delete(follower);
      }
    },
    tail: (count) => recent.slice(-count),
    flush,
    close: async () => {
      closed = true;
      for (const f of followers) f.wake();
      await flush();
    },
    remove: async () => {
      for (const f of [file, ...rotated(file)]) await rm(f, { force: true });
    },
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
  await appendFile(file, lines.map((l) => `${JSON.stringify(l)}\n`).join(''), { mode: 0o600 });
};

const rotate = async (file: string): Promise<void> => {
  const names = [file, ...rotated(file)];
  for (let i = names.length - 2; i >= 0; i -= 1) {
    await rename(names[i]!, names[i + 1]!).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== 'ENOENT') throw e;
    });
  }
  await rm(names.at(-1)!, { force: true });
};

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (s) => s.size,
    (e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return 0;
      throw e;
    },
  );

/** Everything that is kept, oldest first. */
const readKept = async (file: string): Promise<Line[]> => {
  const texts: string[] = [];
  for (const name of [...rotated(file).reverse(), file]) texts.push(await readText(name));
  return texts.join('').split('\n').flatMap(parseLine);
};

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return '';
    throw e;
  });

/** A line cut by a crash is skipped; it was never handed out. */
const parseLine = (text: string): Line[] => {
  if (text === '') return [];
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
};
