/** Tests of the signup calls: what goes out, in how much time (cli.md 5.3), and what is taken from the answers. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Client, ClientOptions } from '../contract/client.ts';
import { internal, unavailable } from '../contract/error.ts';
import { type SignupCalls, signupCalls } from './signup-calls.ts';

const test = suite('signup: calls');

interface Sent {
  readonly endpoint: string;
  readonly request: unknown;
  readonly options: ClientOptions;
}

const open = (answer: unknown): { calls: SignupCalls; sent: Sent[] } => {
  const sent: Sent[] = [];
  const call: Client['call'] = async (service, endpoint, request, options = {}) => {
    assert.is(service, 'signup');
    sent.push({ endpoint, request: JSON.parse(Buffer.from(request).toString('utf8')), options });
    if (answer instanceof Error) throw answer;
    return Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
  const stream: Client['stream'] = () => assert.unreachable() as never;
  return { calls: signupCalls({ call, stream }, new AbortController().signal), sent };
};

const wish = { email: 'me@example.com', code: 'ABCD', secret: 's3cret', namespace: 'team' };
const authToken = { access_token: 'a.b.c', refresh_token: 'r', created: '1', expiry: '601' };

for (const { what, ask, request, ms = 10_000 } of [
  { what: 'SendVerificationEmail', ask: (c: SignupCalls) => c.sendCode('me'), request: { email: 'me' } },
  { what: 'Verify', ask: (c: SignupCalls) => c.verify('me', 'C'), request: { email: 'me', token: 'C' } },
  { what: 'HasPaymentMethod', ask: (c: SignupCalls) => c.hasPaid('C'), request: { token: 'C' } },
  { what: 'Recover', ask: (c: SignupCalls) => c.recover('me'), request: { email: 'me' } },
  {
    what: 'CompleteSignup',
    ask: (c: SignupCalls) => c.complete(wish),
    request: { email: wish.email, token: 'ABCD', paymentMethodID: '', secret: 's3cret', namespace: 'team' },
    ms: 30_000,
  },
])
  test(`${what} goes out as nobody, to namespace micro, with its time`, async () => {
    const { calls, sent } = open({ authToken });
    await ask(calls);
    assert.is(sent.length, 1);
    assert.is(sent[0]?.endpoint, `Signup.${what}`);
    assert.equal(sent[0]?.request, request);
    const { token, namespace, timeoutMs, contentType } = sent[0]?.options ?? {};
    assert.equal([token, namespace, timeoutMs, contentType], [null, 'micro', ms, 'application/grpc+json']);
  });

test('reads what a service says, and nothing where it says nothing', async () => {
  const full = { namespaces: ['team', 7], message: 'pay', payment_required: true };
  assert.equal(await open(full).calls.verify('me', 'C'), {
    namespaces: ['team'],
    message: 'pay',
    paymentRequired: true,
  });
  const empty = { namespaces: [], message: '', paymentRequired: false };
  for (const answer of [{}, '', 'null', { namespaces: null, payment_required: 'yes' }])
    assert.equal(await open(answer).calls.verify('me', 'C'), empty);
  assert.is(await open({ has: true }).calls.hasPaid('C'), true);
  assert.is(await open({}).calls.hasPaid('C'), false);
});

test('64-bit numbers are texts or numbers', async () => {
  const token = { accessToken: 'a.b.c', refreshToken: 'r', created: 1, expiry: 601 };
  for (const given of [authToken, { ...authToken, created: 1, expiry: 601 }])
    assert.equal(await open({ authToken: given, namespace: 'own' }).calls.complete(wish), { token, namespace: 'own' });
});

for (const { what, answer, text } of [
  { what: 'no token', answer: { authToken: null }, text: /the signup service gave no token/ },
  { what: 'no JSON', answer: 'oops', text: /something that is no JSON/ },
])
  test(`an answer with ${what} is an error that says so`, async () => {
    const error = await open(answer)
      .calls.complete(wish)
      .catch((e: unknown) => e);
    assert.match(String(error), text);
  });

test('tells a service that is missing from one that is unwell, and from a server that is gone', async () => {
  assert.is(await open({}).calls.isThere(), true);
  assert.is(await open(internal('go.micro.client', 'service signup: route not found')).calls.isThere(), false);
  assert.is(await open(unavailable('signup', 'starting')).calls.isThere(), true);
  const gone = unavailable('go.micro.client', 'connection error: Error while dialing dial tcp 1.2.3.4:1: refused');
  assert.match(
    String(
      await open(gone)
        .calls.isThere()
        .catch((e: unknown) => e),
    ),
    /dialing/,
  );
});

test.run();
