/** Tests of renewing a token that the server refused: for which refusals, and what the caller is told. */

import * as assert from 'uvu/assert';

import type { DenialReason } from '../../../../internal/contract/denial.ts';
import { forbidden, isMicroError, unauthorized, unavailable } from '../../../../internal/contract/error.ts';
import { suite } from '../../../../test/support/suite.ts';
import { renewed } from './renewed.ts';

const test = suite('renewing a refused token');

const refusal = (reason?: DenialReason) =>
  unauthorized('store', 'Unauthorized call made to store:Store.Read', { reason });

const session = (answer: () => Promise<string | undefined>) => {
  const asked: string[] = [];
  const renew = (token: string): Promise<string | undefined> => {
    asked.push(token);
    return answer();
  };
  return { asked, renew };
};

for (const c of [
  {
    name: 'a key that is no more',
    error: refusal('wrong_environment'),
    asks: true,
    hint: /there is a new one now: try again$/,
  },
  { name: 'a damaged token', error: refusal('invalid_token'), asks: true, hint: /try again$/ },
  { name: 'clocks that differ, which is what is to be said', error: refusal('expired_token'), asks: true },
  { name: 'a deleted account', error: refusal('ended_account'), asks: false },
  { name: 'no reason', error: refusal(), asks: false },
  { name: 'another refusal', error: forbidden('store', 'x', { reason: 'invalid_token' }), asks: false },
  { name: 'a server that is not there', error: unavailable('go.micro.client', 'x'), asks: false },
  { name: 'no micro error', error: new Error('x'), asks: false },
])
  test(`after a refusal for ${c.name}`, async () => {
    const to = session(async () => 'other');
    const told = await renewed(c.error, { token: 'mine', session: to });
    assert.equal(to.asked, c.asks ? ['mine'] : []);
    assert.is(told !== undefined, c.hint !== undefined);
    if (c.hint !== undefined) assert.match((isMicroError(told) && told.hint) || '', c.hint);
  });

test('nothing is said of a token that cannot be renewed, or that was none of ours', async () => {
  const error = refusal('wrong_environment');
  assert.is(await renewed(error, { token: 'mine', session: session(async () => undefined) }), undefined);
  assert.is(
    await renewed(error, { token: 'mine', session: session(() => Promise.reject(new Error('down'))) }),
    undefined,
  );
  const to = session(async () => 'other');
  assert.is(await renewed(error, { token: undefined, session: to }), undefined);
  assert.equal(to.asked, []);
});

test.run();
