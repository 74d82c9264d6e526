/**
 * The fuzz engine: inputs are made by changing inputs that reached something new before, where new means code of the target that had not run
 * (V8's block coverage) or an outcome that had not been seen. Coverage is looked at per batch, and input by input only in a batch that found some, so it costs next to nothing.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Coverage, CoverageWatch } from './coverage.ts';
import type { Random } from './random.ts';
import { createRandom } from './random.ts';

/** What is fuzzed. I is the shape of an input. */
export interface FuzzTarget<I> {
  readonly name: string;
  /** Files whose coverage guides, by path. */
  readonly covers: RegExp;
  readonly seeds: readonly I[];
  /** A changed copy; `other` is another input that reached something new. */
  mutate(input: I, o: { random: Random; other: I }): I;
  /** Runs one input and names what came of it in a few words; throws for behaviour that is wrong. */
  run(input: I): string;
  /** The input as text, to run it again. */
  show(input: I): string;
  /** Called now and then and at the end: judges what run() put by; rejects for behaviour that is wrong. */
  settle?(): Promise<void>;
}

export interface FuzzFigures {
  readonly inputs: number;
  readonly seconds: number;
  /** Inputs that reached something new. */
  readonly corpus: number;
  /** Part of the target's code that has run. */
  readonly covered: number;
  /** How often each outcome was seen, in inputs of the main run. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Memory that the run left in use beyond its start's, heap and array buffers, in bytes. */
  readonly growthBytes: number;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Inputs between two looks at the coverage. */
const batchInputs = 500;
/** Inputs kept to start from; beyond that a new one takes the place of another. */
const corpusMax = 2_000;
/** Changes of one input in a row, at most. */
const changesMax = 4;

/** Told now and then how far a run is. */
export type FuzzProgress = (done: number) => void;

/** Runs `inputs` inputs. Rejects with the input's text and the seed when one misbehaves. */
export const fuzz = async <I>(
  target: FuzzTarget<I>,
  o: { inputs: number; seed: number; coverage: Coverage; progress?: FuzzProgress },
): Promise<FuzzFigures> => {
  const random = createRandom(o.seed);
  const coverage = o.coverage.watch(target.covers);
  const corpus: I[] = [];
  const outcomes = new Map<string, number>();
  const started = performance.now();
  const before = memoryBytes();
  let done = 0;
  while (done < o.inputs) {
    const batch = done === 0 ? [...target.seeds] : nextBatch(target, { corpus, random, inputs: o.inputs - done });
    const news = runBatch(target, { batch, outcomes, seed: o.seed });
    for (const input of whoFound(target, batch, coverage)) news.add(input);
    for (const input of news) keep(corpus, input, random);
    if (corpus.length === 0) corpus.push(...target.seeds);
    done += batch.length;
    await target.settle?.();
    o.progress?.(done);
  }
  const seconds = (performance.now() - started) / 1_000;
  const growthBytes = await growthSince(before);
  return { inputs: done, seconds, corpus: corpus.length, covered: coverage.share, outcomes, growthBytes };
};

const nextBatch = <I>(target: FuzzTarget<I>, o: { corpus: readonly I[]; random: Random; inputs: number }): I[] =>
  Array.from({ length: Math.min(batchInputs, o.inputs) }, () => {
    let input = o.random.pick(o.corpus);
    for (let i = o.random.below(changesMax); i >= 0; i--)
      input = target.mutate(input, { random: o.random, other: o.random.pick(o.corpus) });
    return input;
  });

/** Answers the inputs whose outcome is new. */
const runBatch = <I>(
  target: FuzzTarget<I>,
  o: { batch: readonly I[]; outcomes: Map<string, number>; seed: number },
): Set<I> => {
  const news = new Set<I>();
  for (const input of o.batch) {
    const outcome = runOne(target, input, o.seed);
    const times = o.outcomes.get(outcome) ?? 0;
    if (times === 0) news.add(input);
    o.outcomes.set(outcome, times + 1);
  }
  return news;
};

const runOne = <I>(target: FuzzTarget<I>, input: I, seed: number): string => {
  try {
    return target.run(input);
  } catch (e) {
    const why = e instanceof Error ? (e.stack ?? e.message) : String(e);
    throw new Error(`${target.name}: seed ${seed}: input ${target.show(input)}\n${why}`);
  }
};

/** When a batch ran new code, parts of it, run again and halved, show which of its inputs did. */
const whoFound = <I>(target: FuzzTarget<I>, batch: readonly I[], coverage: CoverageWatch): readonly I[] => {
  if (coverage.look() === 0) return [];
  const found = findersIn(target, batch, coverage);
  // What no input repeats, such as code that runs once in a process, is not looked for again.
  coverage.keepLooked();
  return found;
};

/** The inputs, of those just run, that ran new code. */
const findersIn = <I>(target: FuzzTarget<I>, inputs: readonly I[], coverage: CoverageWatch): readonly I[] => {
  if (inputs.length === 1) {
    coverage.keepLooked();
    return inputs;
  }
  const middle = inputs.length >> 1;
  return [inputs.slice(0, middle), inputs.slice(middle)].flatMap((half) => {
    for (const input of half) target.run(input);
    return coverage.look() === 0 ? [] : findersIn(target, half, coverage);
  });
};

const keep = <I>(corpus: I[], input: I, random: Random): void => {
  if (corpus.length < corpusMax) corpus.push(input);
  else corpus[random.below(corpusMax)] = input;
};

const memoryBytes = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Buffers are given back by threads of their own, some time after the collection: the least of several looks counts. */
const growthSince = async (before: number): Promise<number> => {
  let least = memoryBytes() - before;
  for (let look = 1; look < memoryLooks && least > calmBytes; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, memoryLookMs));
    least = Math.min(least, memoryBytes() - before);
  }
  return least;
};

const memoryLooks = 20;
const memoryLookMs = 200;
/** Growth that needs no second look. */
const calmBytes = 8e6;
