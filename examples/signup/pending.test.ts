/** Tests of pending sign-ups: what ends a code, and that nothing here grows without an end. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { attemptsMax, createPending, pauseMs, pendingMax } from './pending.ts';

const test = suite('examples/signup: pending');
const lifeMs = 600_000;
const email = 'me@example.com';

const open = () => {
  let time = 0;
  const pending = createPending({ lifeMs, now: () => time });
  const pass = (ms: number): void => {
    time += ms;
  };
  return { pending, code: pending.open(email) ?? '', pass };
};

test('codes are eight letters and digits, and differ', () => {
  const { pending } = open();
  const codes = Array.from({ length: 200 }, (_, i) => pending.open(`${i}@example.com`) ?? '');
  for (const code of codes) assert.match(code, /^[A-HJ-NP-Z2-9]{8}$/);
  assert.is(new Set(codes).size, codes.length);
});

test('the right code is right again and again, until it is taken', () => {
  const { pending, code } = open();
  assert.is(pending.check(email, code), 'right');
  assert.is(pending.check(email, code), 'right');
  const taken = pending.take(email, code);
  assert.is(taken.check, 'right');
  assert.is(pending.check(email, code), 'wrong');
  taken.undo();
  assert.is(pending.take(email, code).check, 'right');
});

test('it belongs to one address', () => {
  const { pending, code } = open();
  pending.open('other@example.com');
  assert.is(pending.check('other@example.com', code), 'wrong');
  assert.is(pending.check('nobody@example.com', code), 'wrong');
  assert.is(pending.check(email, ''), 'wrong');
});

test('it expires, and says so only to whoever has it', () => {
  const { pending, code, pass } = open();
  pass(lifeMs);
  assert.is(pending.check(email, 'AAAAAAAA'), 'wrong');
  assert.is(pending.check(email, code), 'expired');
  assert.is(pending.check(email, code), 'wrong');
});

test('a code that was right has more time', () => {
  const { pending, code, pass } = open();
  pass(lifeMs - 1);
  assert.is(pending.check(email, code), 'right');
  pass(lifeMs);
  assert.is(pending.check(email, code), 'right');
});

test('wrong ones use it up', () => {
  const { pending, code } = open();
  for (let tries = 1; tries < attemptsMax; tries += 1) pending.check(email, 'AAAAAAAA');
  assert.is(pending.check(email, code), 'right');
  pending.check(email, 'AAAAAAAA');
  assert.is(pending.check(email, code), 'wrong');
});

test('a new one is sent after the pause only, and replaces the old one', () => {
  const { pending, code, pass } = open();
  assert.is(pending.open(email), undefined);
  assert.is(pending.check(email, code), 'right');
  pass(pauseMs);
  const next = pending.open(email) ?? '';
  assert.is(pending.check(email, code), 'wrong');
  assert.is(pending.check(email, next), 'right');
});

test('a payment is known by the code, and a new code keeps it', () => {
  const { pending, code, pass } = open();
  assert.is(pending.hasPaid(code), false);
  assert.is(pending.pay('nobody@example.com'), false);
  assert.is(pending.pay(email), true);
  assert.is(pending.hasPaid(code), true);
  assert.is(pending.hasPaid('AAAAAAAA'), false);
  pass(pauseMs);
  assert.is(pending.hasPaid(pending.open(email) ?? ''), true);
});

test('only so many wait, and those whose time is over make room', () => {
  const { pending, pass } = open();
  for (let i = 1; i < pendingMax; i += 1) pending.open(`${i}@example.com`);
  assert.throws(() => pending.open('late@example.com'), /pendingMax/);
  pass(lifeMs);
  assert.ok(pending.open('late@example.com'));
});

test.run();
