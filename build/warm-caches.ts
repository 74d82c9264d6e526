/** Makes V8's code caches: runs the bundle in the target's own Node through the usual commands and a service, and keeps for each chunk the fullest cache. Owns the processes and the home folder of that. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');
const readyLimitMs = 20_000;
const commandLimitMs = 30_000;
const pollMs = 20;

/** `folder` is complete but for `cache/`, which this fills with one cache per chunk that ran. Rejects when a command of the walk fails. */
export const warmCaches = async (node: string, folder: string): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'micro-warm-'));
  const runs = join(home, 'caches');
  try {
    await walk([node, '--no-warnings', join(folder, 'warm.cjs'), folder, runs], home);
    keepFullest(runs, join(folder, 'cache'));
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
};

const walk = async ([node, ...line]: readonly [string, ...string[]], home: string): Promise<void> => {
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    MICRO_API_ADDRESS: '127.0.0.1:0',
    MICRO_PROXY_ADDRESS: '127.0.0.1:0',
  };
  const run = async (words: string): Promise<unknown> =>
    promisify(execFile)(node, [...line, ...words.split(' ')], { env, cwd: home, timeout: commandLimitMs });
  for (const words of ['--help', 'version', 'version --output=json', 'env', 'run --help', 'plugin list'])
    await run(words);
  cpSync(join(root, 'examples', 'helloworld'), join(home, 'helloworld'), { recursive: true });
  const server = spawn(node, [...line, 'server'], { env, cwd: home, stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    const { api, proxy } = await addresses(server, join(home, '.micro', 'server', 'server.json'));
    env.MICRO_PROXY = proxy;
    for (const words of [
      'run --wait ./helloworld',
      'status',
      'services',
      'helloworld --name=x',
      'helloworld --help',
      'call helloworld Helloworld.Call {"name":"x"}',
      'get service helloworld',
      'logs helloworld',
    ])
      await run(words);
    await fetch(`http://${api}/helloworld/call?name=x`);
    await run('kill helloworld');
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
};

interface Listener {
  readonly name: string;
  readonly address: string;
}

const addresses = async (server: ChildProcess, file: string): Promise<{ api: string; proxy: string }> => {
  const deadline = performance.now() + readyLimitMs;
  while (performance.now() < deadline && server.exitCode === null) {
    if (existsSync(file)) {
      const { listeners } = JSON.parse(readFileSync(file, 'utf8')) as { listeners: readonly Listener[] };
      const of = (name: string): string => listeners.find((l) => l.name === name)?.address ?? '';
      return { api: of('api'), proxy: of('proxy') };
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`the bundle's server did not become ready (exit code ${server.exitCode})`);
};

/** The process that used most of a chunk wrote the largest cache of it. */
const keepFullest = (runs: string, folder: string): void => {
  mkdirSync(folder);
  for (const file of globSync(`${runs}/*/*`)) {
    const kept = join(folder, basename(file));
    if (!existsSync(kept) || statSync(kept).size < statSync(file).size) copyFileSync(file, kept);
  }
};
