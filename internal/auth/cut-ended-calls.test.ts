/** Which open calls end when accounts do: those that carry an ended token, at once, and no others. */

import assert from 'node:assert/strict';

import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import type { AuthChange } from '../contract/auth-change.ts';
import type { Account } from '../contract/auth.ts';
import { badRequest, type MicroErrorJson, type Hint, unavailable } from '../contract/error.ts';
import type { OpenCall } from '../contract/open-call.ts';
import { createAuthListeners } from './auth-listeners.ts';
import { cutEndedCalls } from './cut-ended-calls.ts';
import { firstGeneration, generationOf } from './generation.ts';
import { expired, invalidToken } from './token-shape.ts';

const test = suite('cutting calls of ended accounts');

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (id: string, generation?: string): string =>
  `${part({ alg: 'RS256', ...(generation && { gen: generation }) })}.${part({ sub: id, iss: 'foo' })}.c2ln`;

const account: Account = { id: 'jane', type: 'user', issuer: 'foo', metadata: {}, scopes: [], name: 'jane' };

interface Fake extends OpenCall {
  ended: (MicroErrorJson & Hint) | undefined;
}

const callWith = (
  authorization: string | undefined,
  isAnonymous = false,
  { service, endpoint } = { service: 'greeter', endpoint: 'Greeter.Stream' },
): Fake => {
  const call: Fake = {
    service,
    endpoint,
    authorization,
    isAnonymous,
    ended: undefined,
    abort: (error) => {
      call.ended ??= error;
    },
  };
  return call;
};

const open = (calls: readonly OpenCall[], inspect: (token: string) => Promise<Account> = async () => account) => {
  const listeners = createAuthListeners();
  const asked: string[] = [];
  const end = cutEndedCalls({
    auth: {
      changes: listeners.add,
      inspect: (token, o) => {
        asked.push(`${token}${o?.pastExpiry ? '' : ' without pastExpiry'}`);
        return inspect(token);
      },
    },
    open: () => calls,
    log: silentLog,
  });
  return { tell: listeners.tell, asked, end, listeners };
};

const deleted = (generation: string): AuthChange => ({
  kind: 'tokens',
  generation,
  reason: 'ended_account',
  account: { namespace: 'foo', id: 'jane' },
});

test('ends the calls with an ended token, however it was sent, and no others', () => {
  const mine = tokenOf('jane', 'g1');
  const basic = Buffer.from(`x:${mine}`).toString('base64');
  const ended = [callWith(`Bearer ${mine}`), callWith(`Basic ${basic}`), callWith(`bearer ${tokenOf('jane', 'g1')}`)];
  const others = [
    callWith(undefined),
    callWith(`Bearer ${tokenOf('jane', 'g2')}`),
    callWith(`Bearer ${tokenOf('joe', 'g3')}`),
    callWith(`Bearer ${tokenOf('jane')}`),
    callWith('Bearer garbage'),
    callWith('Bearer a.b.c'),
    callWith('Digest x'),
  ];
  const { tell } = open([...ended, ...others]);
  tell({ kind: 'rules', namespace: 'foo' });
  tell(deleted('g1'));
  assert.deepEqual(
    ended.map(({ ended: error }) => `${error?.code} ${error?.id} ${error?.detail} ${error?.reason}`),
    ended.map(() => '401 greeter Unauthorized call made to greeter:Greeter.Stream ended_account'),
  );
  assert.match(ended[0]?.ended?.hint ?? '', /^account jane of namespace foo was deleted .*log in/);
  assert.deepEqual(
    others.map((call) => call.ended),
    others.map(() => undefined),
  );
});

test('tells a changed secret apart, and names nobody that was not named', () => {
  const call = callWith(`Bearer ${tokenOf('jane', 'g1')}`);
  open([call]).tell({ kind: 'tokens', generation: 'g1', reason: 'changed_secret' });
  assert.equal(call.ended?.reason, 'changed_secret');
  assert.match(call.ended?.hint ?? '', /^the secret of its account was changed .*: log in again$/);
});

test('lets the call finish that ends the tokens of its own account, once it has said so', () => {
  const bearer = `Bearer ${tokenOf('jane', 'g1')}`;
  const calls = (isAnswering: boolean | undefined): readonly Fake[] =>
    ['Accounts.ChangeSecret', 'Accounts.Delete', 'Keys.Rotate', 'Accounts.List'].map((endpoint) => {
      const call = callWith(bearer, false, { service: 'auth', endpoint });
      return Object.assign(call, { isAnswering });
    });
  const all = { answering: calls(true), waiting: calls(false), relayed: calls(undefined) };
  open(Object.values(all).flat()).tell(deleted('g1'));
  const reasons = (fakes: readonly Fake[]): readonly unknown[] => fakes.map(({ ended }) => ended?.reason);
  const ended = 'ended_account';
  assert.deepEqual(reasons(all.answering), [undefined, undefined, undefined, ended]);
  assert.deepEqual(reasons(all.waiting), [ended, ended, ended, ended]);
  assert.deepEqual(reasons(all.relayed), [undefined, undefined, undefined, ended]);
});

test('ends calls with tokens that v3 made, which have no generation', () => {
  const calls = [callWith(`Bearer ${tokenOf('jane')}`), callWith(`Bearer ${tokenOf('joe')}`)];
  open(calls).tell(deleted(firstGeneration({ issuer: 'foo', id: 'jane' })));
  assert.deepEqual(
    calls.map(({ ended }) => ended?.reason),
    ['ended_account', undefined],
  );
});

test('follows calls that come and go between two changes', () => {
  const calls: Fake[] = [callWith(`Bearer ${tokenOf('jane', 'g1')}`)];
  const { tell } = open(calls);
  tell(deleted('other'));
  calls.push(callWith(`Bearer ${tokenOf('joe', 'g2')}`));
  tell(deleted('g2'));
  assert.deepEqual(
    calls.map(({ ended }) => ended?.reason),
    [undefined, 'ended_account'],
  );
});

test('asks about every token once when changes may have been missed, and ends what counts no more', async () => {
  const gone = tokenOf('gone', 'g1');
  const rotated = tokenOf('rotated', 'g2');
  const late = tokenOf('late', 'g3');
  const fine = tokenOf('fine', 'g4');
  const unknown = tokenOf('unknown', 'g5');
  const bad = tokenOf('bad', 'g6');
  const answers: Readonly<Record<string, Error | undefined>> = {
    [gone]: invalidToken({ reason: 'ended_account', hint: 'it is gone' }),
    [rotated]: invalidToken({ reason: 'wrong_environment', hint: 'signed by a key that is no more' }),
    [late]: invalidToken(expired(0, 1_000)),
    [unknown]: unavailable('auth', 'not now'),
    [bad]: badRequest('auth.Auth.Inspect', 'something else'),
  };
  const tokens = [gone, gone, rotated, late, fine, unknown, bad];
  const calls = tokens.map((token) => callWith(`Bearer ${token}`));
  // Whatever it carries never counted.
  const anonymous = [callWith(`Bearer ${rotated}`, true), callWith(`Bearer ${tokenOf('never', 'g7')}`, true)];
  const { tell, asked } = open([...calls, ...anonymous], async (token) => {
    const error = answers[token];
    if (error !== undefined) throw error;
    return account;
  });
  tell({ kind: 'missed' });
  const seen = (): readonly unknown[] => calls.map(({ ended }) => ended?.reason);
  await poll('the answers', () => asked.length === 6 && calls[2]?.ended !== undefined);
  assert.deepEqual(seen(), ['ended_account', 'ended_account', 'wrong_environment', ...Array(4).fill(undefined)]);
  assert.equal(calls[0]?.ended?.hint, 'it is gone');
  assert.deepEqual(
    anonymous.map(({ ended }) => ended),
    [undefined, undefined],
  );
  assert.deepEqual([...asked].sort(), [...new Set(tokens)].sort());
});

test('asks again when changes may have been missed while it asks', async () => {
  const token = tokenOf('jane', 'g1');
  const call = callWith(`Bearer ${token}`);
  const first = Promise.withResolvers<Account>();
  const { tell, asked } = open([call], async () => {
    if (asked.length === 1) return first.promise;
    throw invalidToken({ reason: 'ended_account', hint: 'gone meanwhile' });
  });
  tell({ kind: 'missed' });
  tell({ kind: 'missed' });
  tell({ kind: 'missed' });
  first.resolve(account);
  await poll('the end of the call', () => call.ended !== undefined);
  assert.equal(asked.length, 2);
});

test('ends nothing once it has been ended itself, nor where nobody tells', () => {
  const call = callWith(`Bearer ${tokenOf('jane', 'g1')}`);
  const { tell, end, listeners } = open([call]);
  end();
  tell(deleted('g1'));
  assert.equal(call.ended, undefined);
  assert.equal(listeners.size, 0);
  cutEndedCalls({ auth: { inspect: async () => account }, open: () => [call], log: silentLog })();
});

test('reads the generation of a token, and none out of what is no token', () => {
  assert.equal(generationOf(tokenOf('jane', 'g1')), 'g1');
  assert.equal(generationOf(tokenOf('jane')), firstGeneration({ issuer: 'foo', id: 'jane' }));
  assert.notEqual(firstGeneration({ issuer: 'a', id: 'bc' }), firstGeneration({ issuer: 'ab', id: 'c' }));
  for (const text of ['', 'x', 'a.b.c', `${part({ gen: 7 })}.${part({ sub: 1 })}.x`, `${part([])}.${part([])}.`])
    assert.equal(generationOf(text), undefined);
});

test.run();
