/** Tests of the conversation of signing up (cli.md 5.3): what is asked, what is sent and in which order, and what is kept afterwards. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account, Auth } from '../contract/auth.ts';
import type { Client } from '../contract/client.ts';
import { ExitError } from '../contract/error.ts';
import type { Output } from '../contract/output.ts';
import { openHome } from '../home/home.ts';
import { readLogin } from '../home/login.ts';
import { placeOf } from '../home/place.ts';
import { signUp, type SignUpOptions } from './sign-up.ts';

const test = suite('signup: the conversation');
const home = mkdtempSync(join(tmpdir(), 'micro-test-'));
const oldHome = process.env.HOME;
test.before(() => {
  process.env.HOME = home;
});
test.each(() => rmSync(join(home, '.micro'), { recursive: true, force: true }));
test.after(() => {
  process.env.HOME = oldHome;
  rmSync(home, { recursive: true, force: true });
});

const authToken = { access_token: 'a.b.c', refresh_token: 'r', created: '1', expiry: '2' };
const jane: Account = { id: 'jane', name: 'jane', type: 'user', issuer: 'own-1', scopes: [], metadata: {} };

interface Told {
  readonly error: unknown;
  /** What was asked and printed, and the calls in between. */
  readonly course: readonly string[];
}

/** Against a signup service that answers so. */
const converse = async (
  given: Partial<SignUpOptions>,
  answers: string[],
  o: { readonly verified?: object; readonly namespace?: string } = {},
): Promise<Told> => {
  const course: string[] = [];
  const replies: Readonly<Record<string, object>> = {
    'Debug.Health': {},
    'Signup.Verify': o.verified ?? {},
    'Signup.HasPaymentMethod': { has: true },
    'Signup.CompleteSignup': { authToken, namespace: o.namespace ?? 'own-1' },
  };
  const client = {
    call: async (service: string, endpoint: string, request: Uint8Array) => {
      if (endpoint !== 'Debug.Health') course.push(`${service} ${endpoint} ${Buffer.from(request)}`);
      return Buffer.from(JSON.stringify(replies[endpoint] ?? {}));
    },
  } as unknown as Client;
  const out = {
    interactive: true,
    line: (text: string) => course.push(`> ${text}`),
    note: () => undefined,
    prompt: async (text: string, { hidden = false } = {}) => {
      course.push(`? ${text}${hidden ? '(hidden)' : ''}`);
      return answers.shift() ?? '';
    },
  } as unknown as Output;
  const auth = { inspect: async () => jane } as unknown as Auth;
  const ctx = { config: {}, needs: { auth, client }, signal: new AbortController().signal, out };
  const error = await signUp({ email: undefined, password: undefined, recover: false, ...given }, ctx).catch((e) => e);
  return { error, course };
};

const begun = [
  '? Enter email address: ',
  'signup Signup.SendVerificationEmail {"email":"me@example.com"}',
  '? Enter the OTP sent to your email address: ',
  'signup Signup.Verify {"email":"me@example.com","token":"OTP1"}',
];
const asked = ['? Enter a new password: (hidden)', '? Verify your password: (hidden)'];
const done = "> \nSignup complete! You're now logged in.";
const completed = (namespace: string): string =>
  `signup Signup.CompleteSignup {"email":"me@example.com","token":"OTP1","paymentMethodID":"","secret":"pw","namespace":"${namespace}"}`;

for (const c of [
  {
    name: 'with nothing to join there is no question',
    answers: [' me@example.com ', ' OTP1 ', 'pw', 'pw'],
    course: [...begun, ...asked, completed(''), done],
  },
  {
    name: 'a message is shown, also where nothing is to be paid',
    answers: ['me@example.com', 'OTP1', 'pw', 'pw'],
    verified: { message: 'Welcome' },
    course: [...begun, ...asked, '> \nWelcome', completed(''), done],
  },
  {
    name: 'a payment is waited for before the account is made',
    answers: ['me@example.com', 'OTP1', 'pw', 'pw'],
    verified: { message: 'Pay at x', payment_required: true },
    course: [
      ...begun,
      ...asked,
      '> \nPay at x',
      'signup Signup.HasPaymentMethod {"token":"OTP1"}',
      completed(''),
      done,
    ],
  },
  {
    name: 'who joins pays nothing and is told nothing of it',
    answers: ['me@example.com', 'OTP1', 'join', 'pw', 'pw'],
    verified: { namespaces: ['team', 'other'], message: 'Pay at x', payment_required: true },
    namespace: 'team',
    course: [
      ...begun,
      '? You may join the namespace team, or have one of your own. Answer "own" or "join": ',
      ...asked,
      completed('team'),
      done,
    ],
  },
  {
    name: 'another answer than own or join is asked for again, and passwords that differ',
    answers: ['me@example.com', 'OTP1', 'Join', 'own', 'pw', 'px', 'pw', 'pw'],
    verified: { namespaces: ['team'] },
    course: [
      ...begun,
      '? You may join the namespace team, or have one of your own. Answer "own" or "join": ',
      '? Answer "Join" is invalid. Valid answers are: "own" or "join": ',
      ...asked,
      '> Passwords do not match. Please try again.',
      ...asked,
      completed(''),
      done,
    ],
  },
])
  test(c.name, async () => {
    const { error, course } = await converse({}, c.answers, c);
    assert.is(error, undefined);
    assert.equal(course, c.course);
    const own = openHome();
    const namespace = c.namespace ?? 'own-1';
    assert.is(own.config.get('namespaces.local.current'), namespace);
    assert.is(own.config.get('namespaces.local.all'), namespace);
    assert.is(own.config.get('local.current-user'), 'jane');
    assert.equal(readLogin(own, placeOf(own)), {
      id: 'jane',
      token: { accessToken: 'a.b.c', refreshToken: 'r', created: 1, expiry: 2 },
    });
  });

test('what flags give is not asked for', async () => {
  const { error, course } = await converse({ email: 'me@example.com', password: 'pw' }, ['OTP1']);
  assert.is(error, undefined);
  assert.equal(course, [...begun.slice(1), completed(''), done]);
});

test('a reminder is one call, silent, and no login', async () => {
  const { error, course } = await converse({ recover: true }, ['me@example.com']);
  assert.is(error, undefined);
  assert.equal(course, ['? Enter email address: ', 'signup Signup.Recover {"email":"me@example.com"}']);
  assert.is(readLogin(openHome(), placeOf(openHome())), undefined);
});

test('answers that never fit end it before an account is made', async () => {
  const { error, course } = await converse({}, ['me@example.com', 'OTP1'], { verified: { namespaces: ['team'] } });
  assert.instance(error, ExitError);
  assert.match(String(error), /^ExitError: no valid answer within passwordTriesMax/);
  assert.not.ok(course.some((text) => text.includes('CompleteSignup')));
});

test.run();
