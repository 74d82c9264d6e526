/** Start-up: `--help`, `version` and a call of a running service against `node -e 0`, and the server until it is ready. Medians of paired runs. */

import { spawnSync } from 'node:child_process';

import { microCommand, startServer } from '../support/server.ts';

const rounds = 9;
const [command, before] = microCommand();

const msOf = (file: string, args: readonly string[], env: NodeJS.ProcessEnv): number => {
  const started = performance.now();
  const { status, stderr } = spawnSync(file, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${status}: ${stderr}`);
  return performance.now() - started;
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Median of the ratios of runs that were made one right after the other. */
const ratio = (args: readonly string[], env: NodeJS.ProcessEnv): { ratio: number; ms: number } => {
  msOf(command, [...before, ...args], env);
  const pairs = Array.from({ length: rounds }, () => ({
    ours: msOf(command, [...before, ...args], env),
    node: msOf(process.execPath, ['-e', '0'], env),
  }));
  return { ratio: median(pairs.map((p) => p.ours / p.node)), ms: median(pairs.map((p) => p.ours)) };
};

const started = performance.now();
const server = await startServer();
const readyMs = performance.now() - started;
try {
  const env = server.env as NodeJS.ProcessEnv;
  for (const args of [['--help'], ['version'], ['env'], ['services'], ['registry', 'listServices']]) {
    const r = ratio(args, env);
    console.log(`micro ${args.join(' ').padEnd(24)} ${r.ratio.toFixed(2)} x node -e 0   (${r.ms.toFixed(0)} ms)`);
  }
  console.log(
    `server start to ready          ${(readyMs / msOf(process.execPath, ['-e', '0'], env)).toFixed(1)} x node -e 0   (${readyMs.toFixed(0)} ms)`,
  );
} finally {
  await server.stop();
}
