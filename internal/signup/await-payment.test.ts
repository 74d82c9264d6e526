/** Tests of waiting for a payment: how often it asks, when it stops, and that an interrupt ends it. */

import * as assert from 'uvu/assert';

import { paymentPollMs, paymentWaitMs } from '../contract/limits.ts';
import { suite } from '../../test/support/suite.ts';
import { awaitPayment } from './await-payment.ts';

const test = suite('signup: payment');
const { signal } = new AbortController();

/** Says yes at the question of that number. */
const paidAt = (number: number) => {
  const asked: number[] = [];
  const pauses: number[] = [];
  const hasPaid = async (): Promise<boolean> => asked.push(asked.length) >= number;
  const pause = async (ms: number): Promise<void> => {
    pauses.push(ms);
  };
  return { asked, pauses, o: { hasPaid, signal, pause } };
};

test('asks at once, then every two seconds', async () => {
  const { asked, pauses, o } = paidAt(3);
  await awaitPayment(o);
  assert.is(asked.length, 3);
  assert.equal(pauses, [2_000, 2_000]);
});

test('gives up after the time it has', async () => {
  const { asked, o } = paidAt(Number.POSITIVE_INFINITY);
  const error = await awaitPayment(o).catch((e: unknown) => e);
  assert.match(String(error), /no payment within paymentWaitMs/);
  assert.is(asked.length, paymentWaitMs / paymentPollMs);
});

test('an interrupt ends the wait', async () => {
  const interrupt = new AbortController();
  const hasPaid = async (): Promise<boolean> => {
    interrupt.abort();
    return false;
  };
  const error = await awaitPayment({ hasPaid, signal: interrupt.signal }).catch((e: unknown) => e);
  assert.is((error as Error).name, 'AbortError');
});

test.run();
