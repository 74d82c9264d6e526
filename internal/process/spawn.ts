/** Starts one process in a group of its own, hands out its lines, and stops the whole group. Restarting is supervise.ts's business. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';

import { logLineBytesMax } from '../contract/limits.ts';
import { createLineSplitter } from './line-splitter.ts';
import { signalGroup } from './process-identity.ts';
import { endRun, runIdVariable } from './run-id.ts';

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Opens an IPC channel, so that the child sees it close when we die. */
  readonly ipc: boolean;
  /** Each line of output, without its newline, cut at logLineBytesMax. */
  onLine(stream: 'stdout' | 'stderr', line: string): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** Marks it and all that it starts (run-id.ts). */
  readonly runId: string;
  /** Resolves when the process has ended and its output is read to the end. */
  readonly exited: Promise<Exit>;
  /** SIGTERM to the group, SIGKILL after the grace; resolves when it has ended. Safe twice. */
  stop(graceMs: number): Promise<Exit>;
}

/** Output of grandchildren that outlive the process is not waited for longer than this. */
const drainMs = 1_000;

/** Throws the system's error (ENOENT, EACCES …) when the command cannot be started. */
export const spawnProcess = async (o: SpawnOptions): Promise<SpawnedProcess> => {
  const runId = randomUUID();
  const child = spawn(o.command, [...o.args], {
    cwd: o.cwd,
    env: { ...o.env, [runIdVariable]: runId } as NodeJS.ProcessEnv,
    detached: true,
    stdio: [noInput(), 'pipe', 'pipe', ...(o.ipc ? (['ipc'] as const) : [])],
  });
  child.stdin?.end();
  await started(child);
  const pid = child.pid!;
  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = createLineSplitter(logLineBytesMax, (line) => o.onLine(stream, line));
    child[stream]!.on('data', splitter.push);
    child[stream]!.on('close', splitter.end);
  }
  const exited = untilExit(child, { pid, runId });
  let stopping: Promise<Exit> | undefined;
  const stop = (graceMs: number): Promise<Exit> => {
    stopping ??= stopGroup(pid, exited, graceMs);
    return stopping;
  };
  return { pid, runId, exited, stop };
};

/** Node's `ignore` opens the null device, which a bare root folder (chroot) may lack. */
const noInput = (): 'ignore' | 'pipe' => (process.platform === 'win32' || existsSync('/dev/null') ? 'ignore' : 'pipe');

const started = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });

const untilExit = (child: ChildProcess, { pid, runId }: { pid: number; runId: string }): Promise<Exit> =>
  new Promise((resolve) => {
    child.on('error', () => {
      // A signal or message that could not be delivered: the process has ended, which `exit` reports.
    });
    child.once('exit', (code, signal) => {
      // What it started must not stay behind, and must not hold our end of its pipes.
      signalGroup(pid, 'SIGKILL');
      endRun(runId);
      const done = (): void => {
        clearTimeout(timer);
        resolve({ code, signal });
      };
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, drainMs);
      child.once('close', done);
    });
  });

const stopGroup = async (pid: number, exited: Promise<Exit>, graceMs: number): Promise<Exit> => {
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
};
