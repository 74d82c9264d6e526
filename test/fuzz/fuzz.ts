/** `npm run fuzz [name …] [-- --inputs N --seed N]`: fuzzes the parsers that read what any peer may send, a million inputs each unless told otherwise, and prints the figures. A fault ends the run with the input and the seed that repeat it. */

import { parseArgs } from 'node:util';

import { goProgram } from '../support/go-program.ts';
import { startHpackPeer } from '../support/hpack-peer.ts';
import { connectionTarget } from './connection.fuzz.ts';
import type { Coverage } from './coverage.ts';
import { openCoverage } from './coverage.ts';
import type { FuzzFigures, FuzzProgress } from './engine.ts';
import { fuzz } from './engine.ts';
import { frameTarget } from './frame.fuzz.ts';
import { hpackTarget } from './hpack.fuzz.ts';

const inputsDefault = 1_000_000;

/** Inputs between two lines that say how far the run is. */
const inputsPerLine = 200_000;

interface Limits {
  readonly inputs: number;
  readonly seed: number;
  readonly coverage: Coverage;
  readonly progress: FuzzProgress;
}

const fuzzHpack = async (limits: Limits): Promise<FuzzFigures> => {
  const go = await goProgram('hpack-peer');
  if ('absent' in go) {
    console.log(`SKIP comparing with golang.org/x/net: ${go.absent}`);
    return fuzz(hpackTarget(), limits);
  }
  const peer = startHpackPeer(go.file);
  const target = hpackTarget(peer);
  const figures = await fuzz(target, limits);
  await peer.close();
  console.log(`${target.peerBlocks} blocks were compared with golang.org/x/net as well`);
  return figures;
};

const targets: Readonly<Record<string, (limits: Limits) => Promise<FuzzFigures>>> = {
  hpack: fuzzHpack,
  frame: (limits) => fuzz(frameTarget(), limits),
  server: (limits) => fuzz(connectionTarget('server'), limits),
  client: (limits) => fuzz(connectionTarget('client'), limits),
};

const createProgress = (): FuzzProgress => {
  let told = 0;
  return (done) => {
    if (done - told < inputsPerLine) return;
    told = done;
    console.log(`${done} inputs`);
  };
};

const report = ({ inputs, seconds, corpus, covered, outcomes, growthBytes }: FuzzFigures): void => {
  console.log(
    `${inputs} inputs in ${seconds.toFixed(0)} s (${(inputs / seconds).toFixed(0)}/s), no fault; ${corpus} of them reached something new; ` +
      `${(covered * 100).toFixed(1)} % of the code ran; ${outcomes.size} outcomes; memory grew by ${(growthBytes / 1e6).toFixed(1)} MB`,
  );
  const often = [...outcomes].sort(([, a], [, b]) => b - a);
  for (const [outcome, times] of often.slice(0, 12)) console.log(`${String(times).padStart(9)}  ${outcome}`);
};

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { inputs: { type: 'string' }, seed: { type: 'string' } },
  });
  const inputs = Number(values.inputs ?? inputsDefault);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const names = positionals.length > 0 ? positionals : Object.keys(targets);
  const unknown = names.find((name) => !Object.hasOwn(targets, name));
  if (unknown !== undefined || !(inputs > 0) || !Number.isInteger(seed)) {
    console.error(`usage: npm run fuzz [${Object.keys(targets).join('|')}] [-- --inputs N --seed N]`);
    return 1;
  }
  // Most inputs are faults, and an input can be run again: deep stacks would be half the work.
  Error.stackTraceLimit = 3;
  const coverage = openCoverage();
  for (const name of names) {
    console.log(`== ${name}, seed ${seed}`);
    report(await targets[name]!({ inputs, seed, coverage, progress: createProgress() }));
  }
  coverage.close();
  return 0;
};

process.exitCode = await main();
