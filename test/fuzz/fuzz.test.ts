/** A short run of each fuzz target, always the same inputs; and the engine itself, which must find what is hidden from chance. The long runs are `npm run fuzz`. */

import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import type { FuzzTarget } from './engine.ts';
import { fuzz } from './engine.ts';
import { hpackTarget } from './hpack.fuzz.ts';

const test = suite('fuzz');
/** Memory may grow by caches and compiled code, not with the inputs. */
const growthBytesMax = 32e6;

test('hpack', async () => {
  const figures = await fuzz(hpackTarget(), { inputs: 2_000, seed: 7541 });
  assert.is(figures.inputs, 2_000);
  assert.ok(figures.covered > 0.95, `${figures.covered} of the code ran`);
  assert.ok(figures.growthBytes < growthBytesMax, `grew by ${figures.growthBytes}`);
});

/** Four bytes that must be met one after the other: chance alone would need some 256^4 inputs. */
const lock = (bytes: Buffer): string => {
  if (bytes[0] !== 0x6d) return 'closed';
  if (bytes[1] !== 0x69) return 'closed';
  if (bytes[2] !== 0x63) return 'closed';
  if (bytes[3] !== 0x72) return 'closed';
  throw new Error('the lock opened');
};

test('coverage leads the engine to what chance does not find, and the fault names the input', async () => {
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
    await fuzz(target, { inputs: 200_000, seed: 9113 });
  } catch (e) {
    assert.match(String(e), /lock: seed 9113: input 6d696372\n.*the lock opened/);
    return;
  }
  assert.unreachable('the lock was not found');
});

test.run();
