/**
 * A real `micro server` for tests: started from source, or from the executable that MICRO_BIN names, on free loopback ports with a home and a data folder of its own.
 * Owns the server process and, when none was handed in, the home; does not wait for anything but the server itself.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Milliseconds a server may take to be ready and to stop, and one command may take. */
const readyLimitMs = 20_000;
const stopLimitMs = 20_000;
const commandLimitMs = 60_000;
const pollMs = 20;

export interface MicroResult {
  /** 128 + signal number is not told apart: a command that was killed has code -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MicroOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

export interface ServerOptions {
  /** Default: a fresh temporary folder, removed by stop(). */
  readonly home?: string;
  readonly cwd?: string;
  /** Added to (or, when undefined, taken out of) the server's environment and that of its commands. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Words after `micro server`. */
  readonly args?: readonly string[];
}

export interface Server {
  readonly home: string;
  readonly dataDir: string;
  /** What a command needs to talk to this server: HOME, MICRO_PROXY, MICRO_DATA_DIR and the rest of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly apiAddress: string;
  readonly proxyAddress: string;
  readonly pid: number;
  /** Everything the server has printed so far, both streams. */
  output(): string;
  micro(args: readonly string[], o?: MicroOptions): Promise<MicroResult>;
  /** SIGTERM, then SIGKILL after a while; resolves with the exit code (-1: killed by a signal). Safe to call twice. */
  stop(): Promise<number>;
  /** SIGKILL to the server process alone, as the kernel would; its children are left to notice. */
  kill9(): Promise<void>;
  /** A new server on the same home and the same ports; call after stop() or kill9(). */
  restart(): Promise<Server>;
}

/** Command and leading arguments of the command line under test: the sources, or the executable that MICRO_BIN names. */
export const microCommand = (): [string, string[]] =>
  process.env.MICRO_BIN ? [process.env.MICRO_BIN, []] : [process.execPath, [join(root, 'cmd/micro/main.ts')]];

/** Runs one command line to its end; rejects only when it cannot be started at all. */
export const runMicro = (args: readonly string[], o: MicroOptions = {}): Promise<MicroResult> => {
  const [command, before] = microCommand();
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...before, ...args], {
      cwd: o.cwd ?? tmpdir(),
      env: o.env ?? process.env,
      stdio: 'pipe',
      timeout: o.timeoutMs ?? commandLimitMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (d: string) => (stdout += d));
    child.stderr.setEncoding('utf8').on('data', (d: string) => (stderr += d));
    child.stdin.on('error', () => {
      // The command did not read its input; whether that matters shows in its exit code.
    });
    child.stdin.end(o.stdin ?? '');
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
};

/** Logins are many here, and guessed by nobody. */
const quick = { MICRO_AUTH_PASSWORD_WORK: '1' };

/** Starts a server and resolves when `server.json` names its process; rejects with its output when it ends before that. */
export const startServer = async (o: ServerOptions = {}): Promise<Server> => {
  const home = o.home ?? mkdtempSync(join(tmpdir(), 'micro-home-'));
  const dataDir = o.env?.MICRO_DATA_DIR ?? join(home, '.micro', 'server');
  const base = { ...cleanEnv(), HOME: home, MICRO_DATA_DIR: dataDir, NO_COLOR: '1', NODE_NO_WARNINGS: '1', ...o.env };
  const ports = { MICRO_API_ADDRESS: '127.0.0.1:0', MICRO_PROXY_ADDRESS: '127.0.0.1:0', ...quick, ...o.env };
  const [command, before] = microCommand();
  const child = spawn(command, [...before, 'server', ...(o.args ?? [])], {
    cwd: o.cwd ?? home,
    env: { ...base, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (d: string) => (output += d));
  child.stderr.setEncoding('utf8').on('data', (d: string) => (output += d));
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const listeners = await waitUntilReady(child, dataDir, () => output).catch(async (e: unknown) => {
    child.kill('SIGKILL');
    await exited;
    if (o.home === undefined) rmSync(home, { recursive: true, force: true });
    throw e;
  });
  const addressOf = (name: string): string => {
    const found = listeners.find((l) => l.name === name);
    if (!found) throw new Error(`server.json has no listener called ${name}: ${JSON.stringify(listeners)}`);
    return found.address;
  };
  const apiAddress = addressOf('api');
  const proxyAddress = addressOf('proxy');
  const env = { ...base, MICRO_PROXY: proxyAddress };
  return {
    home,
    dataDir,
    env,
    apiAddress,
    proxyAddress,
    pid: child.pid!,
    output: () => output,
    micro: (args, extra = {}) => runMicro(args, { cwd: home, ...extra, env: { ...env, ...extra.env } }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
        await ended;
        clearTimeout(timer);
      }
      if (o.home === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 3 });
      return child.exitCode ?? -1;
    },
    kill9: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    restart: () =>
      startServer({
        ...o,
        home,
        env: { ...o.env, MICRO_API_ADDRESS: apiAddress, MICRO_PROXY_ADDRESS: proxyAddress },
      }),
  };
};

/** The caller's environment without its micro settings. */
const cleanEnv = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MICRO_')));

interface NamedListener {
  readonly name: string;
  readonly address: string;
}

const waitUntilReady = async (
  child: ChildProcess,
  dataDir: string,
  output: () => string,
): Promise<readonly NamedListener[]> => {
  const deadline = Date.now() + readyLimitMs;
  for (;;) {
    const state = readState(join(dataDir, 'server.json'));
    if (state?.pid === child.pid && state?.listeners) return state.listeners;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`micro server ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
    if (Date.now() > deadline) throw new Error(`micro server not ready within ${readyLimitMs} ms:\n${output()}`);
    await new Promise((r) => setTimeout(r, pollMs));
  }
};

const readState = (file: string): { pid?: number; listeners?: readonly NamedListener[] } | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Not there yet, or half written: the caller asks again.
    return undefined;
  }
};
