/** A short run of each fuzz target, always the same inputs; and the engine itself, which must find what is hidden from chance. The long runs are `npm run fuzz`. */

import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import { connectionTarget } from './connection.fuzz.ts';
import { openCoverage } from './coverage.ts';
import type { FuzzTarget } from './engine.ts';
import { fuzz } from './engine.ts';
import { frameTarget } from './frame.fuzz.ts';
import { hpackTarget } from './hpack.fuzz.ts';

const test = suite('fuzz');
const coverage = openCoverage();
test.after(() => coverage.close());
/** Work for the processor alone, so it takes as long as a busy machine makes it. */
const unhurried = { limitMs: 120_000 };
/** Memory may grow by caches and compiled code, not with the inputs. */
const growthBytesMax = 32e6;

/** `covered`: what these inputs reach of the target's code, at least. */
const smoke = async <I>(target: FuzzTarget<I>, o: { inputs: number; covered: number }): Promise<void> => {
  const figures = await fuzz(target, { inputs: o.inputs, seed: 7541, coverage });
  assert.is(figures.inputs, o.inputs);
  assert.ok(figures.covered > o.covered, `${figures.covered} of the code ran`);
  assert.ok(figures.growthBytes < growthBytesMax, `grew by ${figures.growthBytes}`);
};

test('hpack', () => smoke(hpackTarget(), { inputs: 2_000, covered: 0.95 }), unhurried);
test('frames', () => smoke(frameTarget(), { inputs: 2_000, covered: 0.9 }), unhurried);
test('server connections', () => smoke(connectionTarget('server'), { inputs: 200, covered: 0.7 }), unhurried);
test('client connections', () => smoke(connectionTarget('client'), { inputs: 200, covered: 0.7 }), unhurried);

/** Four bytes that must be met one after the other: chance alone would need some 256^4 inputs. */
const lock = (bytes: Buffer): string => {
  if (bytes[0] !== 0x6d) return 'closed';
  if (bytes[1] !== 0x69) return 'closed';
  if (bytes[2] !== 0x63) return 'closed';
  if (bytes[3] !== 0x72) return 'closed';
  throw new Error('the lock opened');
};

test(
  'coverage leads the engine to what chance does not find, and the fault names the input',
  async () => {
    const target: FuzzTarget<Buffer> = {
      name: 'lock',
      covers: /fuzz\.test\.ts$/,
      seeds: [Buffer.alloc(4)],
      mutate: (input, { random }) => {
        const changed = Buffer.from(input);
        changed[random.below(4)] = random.below(256);
        return changed;
      },
      run: lock,
      show: (input) => input.toString('hex'),
    };
    try {
      await fuzz(target, { inputs: 200_000, seed: 9113, coverage });
    } catch (e) {
      assert.match(String(e), /lock: seed 9113: input 6d696372\n.*the lock opened/);
      return;
    }
    assert.unreachable('the lock was not found');
  },
  unhurried,
);

test.run();
