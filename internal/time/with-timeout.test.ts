/** A limit added to a signal: whichever comes first ends the wait, with its own reason. */

import { once } from 'node:events';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { withTimeout } from './with-timeout.ts';

const test = suite('time: with-timeout');

test('the caller ends it with the caller’s reason', () => {
  const caller = new AbortController();
  const signal = withTimeout(caller.signal, 60_000);
  assert.not.ok(signal.aborted);
  const reason = new Error('enough');
  caller.abort(reason);
  assert.is(signal.reason, reason);
});

test('the limit ends it as a timeout', async () => {
  const signal = withTimeout(new AbortController().signal, 1);
  const alive = setTimeout(() => {}, 10_000);
  if (!signal.aborted) await once(signal, 'abort');
  clearTimeout(alive);
  assert.is((signal.reason as Error).name, 'TimeoutError');
});

test('an aborted caller gives an aborted signal', () => assert.ok(withTimeout(AbortSignal.abort(), 60_000).aborted));

test.run();
