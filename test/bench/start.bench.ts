/**
 * Start-up and footprint, from source or (with MICRO_BIN=dist/micro) of the executable: `--help`, `version`, a dynamic call and `micro run`
 * to the first answer against `node -e 0`; the server until it is ready; its idle memory; the file's size. Medians of paired runs.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { microCommand, type Server, startServer } from '../support/server.ts';

const rounds = 9;
const [command, before] = microCommand();
const example = join(import.meta.dirname, '..', '..', 'examples', 'helloworld');

const msOf = (file: string, args: readonly string[], env: NodeJS.ProcessEnv): number => {
  const started = performance.now();
  const { status, stderr } = spawnSync(file, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${status}: ${stderr}`);
  return performance.now() - started;
};

const bareNodeMs = (env: NodeJS.ProcessEnv): number => msOf(process.execPath, ['-e', '0'], env);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const print = (what: string, ratio: number, ms: number): void =>
  console.log(`${what.padEnd(34)} ${ratio.toFixed(2).padStart(6)} x node -e 0   (${ms.toFixed(0)} ms)`);

/** `work` and a bare node right after it, several times; the median of the ratios. */
const compare = (what: string, env: NodeJS.ProcessEnv, o: { readonly rounds: number; work(): number }): void => {
  const pairs = Array.from({ length: o.rounds }, () => ({ ours: o.work(), node: bareNodeMs(env) }));
  print(what, median(pairs.map((p) => p.ours / p.node)), median(pairs.map((p) => p.ours)));
};

const micro = (args: readonly string[], env: NodeJS.ProcessEnv): number => msOf(command, [...before, ...args], env);

/** From the start of `micro run` until a call of the service succeeds. */
const runToFirstAnswer = (env: NodeJS.ProcessEnv): number => {
  const started = performance.now();
  micro(['run', example], env);
  for (;;) {
    const { status } = spawnSync(command, [...before, 'helloworld', '--name=John'], { env });
    if (status === 0) break;
    if (performance.now() - started > 30_000) throw new Error('helloworld did not answer within 30 s');
  }
  const ms = performance.now() - started;
  micro(['kill', 'helloworld'], env);
  return ms;
};

const startToReady = async (): Promise<{ readonly server: Server; readonly ms: number }> => {
  const started = performance.now();
  const server = await startServer();
  return { server, ms: performance.now() - started };
};

/** Resident memory in MB, where the system shows it. */
const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_000;

const sizes = (file: string): void => {
  const { stdout, error } = spawnSync('xz', ['-9', '-T0', '-c', file], { maxBuffer: 512 * 1024 * 1024 });
  const packed = error ? 'xz is not installed' : `${(stdout.length / 1_000_000).toFixed(0)} MB`;
  console.log(
    `size                               ${(statSync(file).size / 1_000_000).toFixed(0)} MB, with xz ${packed}`,
  );
};

// The first start fills caches and keys; it is not the one that counts.
const warm = await startToReady();
await warm.server.stop();
const { server, ms } = await startToReady();
try {
  const env = server.env as NodeJS.ProcessEnv;
  print('server start to ready', ms / bareNodeMs(env), ms);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  console.log(`server idle memory                 ${residentMb(server.pid).toFixed(0)} MB`);
  micro(['run', '--wait', example], env);
  for (const args of [['--help'], ['version'], ['env'], ['services'], ['helloworld', '--name=John']]) {
    micro(args, env);
    compare(`micro ${args.join(' ')}`, env, { rounds, work: () => micro(args, env) });
  }
  micro(['kill', 'helloworld'], env);
  compare('micro run to first answer', env, { rounds: 3, work: () => runToFirstAnswer(env) });
} finally {
  await server.stop();
}
if (process.env.MICRO_BIN) sizes(process.env.MICRO_BIN);
