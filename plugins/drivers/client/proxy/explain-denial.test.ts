/** What the caller adds to a denial: that nobody is logged in, and that the clocks differ, with the offset. */

import * as assert from 'uvu/assert';

import { isMicroError, unauthorized } from '../../../../internal/contract/error.ts';
import { suite } from '../../../../test/support/suite.ts';
import { explainDenial } from './explain-denial.ts';

const test = suite('denials, as the caller sees them');

const session = { environment: 'prod', explain: () => 'you are not logged in to prod: micro login' };
/** A token that claims to end at this second. */
const ending = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;

const seen = (error: unknown, token: string | undefined, nowSeconds = 1_000) => {
  const e = explainDenial(error, { token, session, now: () => nowSeconds * 1_000 });
  if (!isMicroError(e)) throw e;
  return { reason: e.reason, hint: e.hint, detail: e.detail };
};

test('a call sent as nobody says who is not logged in', () => {
  const error = unauthorized('store', 'an account is required', { reason: 'no_token', hint: 'send a token' });
  assert.equal(seen(error, undefined), { reason: 'no_token', hint: session.explain(), detail: error.detail });
  const closed = unauthorized('a', 'b', { reason: 'rule_denied', hint: 'a rule denies it' });
  assert.is(seen(closed, undefined).hint, 'a rule denies it');
});

for (const [serverTime, want] of [
  [1_300, 'the clock here is 5m0s behind that of the server of prod'],
  [940, 'the clock here is 1m0s ahead of that of the server of prod'],
] as const)
  test(`a token that ended there at ${serverTime} and lasts here: ${want}`, () => {
    const error = unauthorized('a', 'b', { reason: 'expired_token', hint: 'expired', server_time: serverTime });
    const { reason, hint } = seen(error, ending(1_200));
    assert.is(reason, 'clock_skew');
    assert.ok(hint?.startsWith(want), hint);
  });

test('a token that has ended here too has simply ended', () => {
  const error = unauthorized('a', 'b', { reason: 'expired_token', hint: 'expired', server_time: 1_300 });
  assert.is(seen(error, ending(900)).reason, 'expired_token');
  assert.is(seen(unauthorized('a', 'b', { reason: 'expired_token' }), ending(1_200)).reason, 'expired_token');
});

test('what is no denial stays as it is', () => {
  const error = new Error('boom');
  assert.is(explainDenial(error, { token: undefined, session, now: () => 0 }), error);
});

test.run();
