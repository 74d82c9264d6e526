/** Tests of password hashing: right and wrong secrets, damaged hashes, and the bounded line. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { passwordHashesMax, passwordQueueMax } from '../contract/limits.ts';
import { createPasswords } from './passwords.ts';

const test = suite('passwords');
const passwords = createPasswords();

test('a secret fits its own hash only', async () => {
  const hash = await passwords.hash('micro');
  assert.match(hash, /^scrypt\$16384\$8\$1\$/);
  assert.not.match(hash, /micro/);
  assert.is(await passwords.verify('micro', hash), true);
  assert.is(await passwords.verify('Micro', hash), false);
  assert.is.not(hash, await passwords.hash('micro'), 'a salt each');
});

test('a random secret is hashed at once, and fits its own hash only', async () => {
  const hash = passwords.hashRandom('c6f5e6f0-6c1d-4c39-8f0b-4b6e4b2b9a01');
  assert.match(hash, /^sha256\$/);
  assert.not.match(hash, /c6f5e6f0/);
  assert.is(await passwords.verify('c6f5e6f0-6c1d-4c39-8f0b-4b6e4b2b9a01', hash), true);
  assert.is(await passwords.verify('c6f5e6f0-6c1d-4c39-8f0b-4b6e4b2b9a02', hash), false);
  assert.is.not(hash, passwords.hashRandom('c6f5e6f0-6c1d-4c39-8f0b-4b6e4b2b9a01'), 'a salt each');
});

test('nothing fits a missing or damaged hash', async () => {
  for (const hash of [
    undefined,
    '',
    'x',
    'scrypt$16384$8$1$AAAA$',
    'scrypt$9999999999$8$1$AAAA$AAAA',
    '$2a$10$abc',
    'sha256$',
    'sha256$AAAA$AAAA',
  ])
    assert.is(await passwords.verify('', hash), false);
});

test('the line of those who wait is bounded', async () => {
  const own = createPasswords();
  const room = passwordHashesMax + passwordQueueMax;
  const work = Array.from({ length: room + 1 }, () => own.verify('x', 'scrypt$2$1$1$AAAA$AAAA'));
  const outcomes = await Promise.allSettled(work);
  assert.is(outcomes.filter((o) => o.status === 'fulfilled').length, room);
  const failed = outcomes.find((o) => o.status === 'rejected');
  assert.match(String(failed?.reason), /passwordQueueMax/);
  assert.is(await own.verify('x', undefined), false, 'and moves on');
});

test.run();
