/** Tests of password hashing: right and wrong secrets, damaged hashes, and the bounded line. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { passwordHashesMax, passwordQueueMax } from '../contract/limits.ts';
import { createPasswords } from './passwords.ts';

const test = suite('passwords');
const passwords = createPasswords({ work: 1 });

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

test('whatever fails costs the same work: one derivation of the present cost', async () => {
  const done: unknown[] = [];
  const counting = createPasswords({
    work: 3,
    derive: async (_, __, cost) => {
      done.push(cost);
      return Buffer.alloc(32, 1);
    },
  });
  const present = { n: 16_384, r: 8, p: 3 };
  const scrypt = `scrypt$16384$8$3$AAAA$${Buffer.alloc(32, 2).toString('base64url')}`;
  for (const [name, hash] of [
    ['an unknown account', undefined],
    ['a wrong secret', scrypt],
    ['a wrong secret of one that was made at random', counting.hashRandom('right')],
    ['a damaged hash', 'scrypt$'],
    ['a hash of v3', '$2a$10$abc'],
  ] as const) {
    done.length = 0;
    assert.is(await counting.verify('wrong', hash), false, name);
    assert.equal(done, [present], name);
  }
});

test('what is to happen before the work happens after the wait, and may end the matter', async () => {
  const events: string[] = [];
  const derive = async () => {
    events.push('work');
    return Buffer.alloc(32);
  };
  const own = createPasswords({ derive });
  const refuse = (): void => {
    events.push('refused');
    throw new Error('no');
  };
  const begin = (): void => void events.push('begin');
  await Promise.allSettled([
    own.verify('x', undefined, { begin }),
    own.verify('x', undefined, { begin: refuse }),
    own.verify('x', undefined, { begin }),
  ]);
  assert.equal(events.sort(), ['begin', 'begin', 'refused', 'work', 'work']);
  assert.is(await own.verify('right', own.hashRandom('right'), { begin }), true);
  assert.is(events.filter((e) => e === 'begin').length, 3, 'also for what takes no work');
});

test('strangers wait behind everybody else, and fill no line but their own', async () => {
  const order: string[] = [];
  const own = createPasswords({ derive: async () => Buffer.alloc(32) });
  const come = (who: string, stranger: boolean): Promise<unknown> =>
    own.verify('x', undefined, { stranger, begin: () => void order.push(who) });
  const strangers = Array.from({ length: passwordHashesMax + passwordQueueMax }, (_, i) => come(`stranger ${i}`, true));
  const late = [come('one too many', true), come('known', false)];
  const [refused, served] = await Promise.allSettled(late);
  assert.match(String(refused?.status === 'rejected' && refused.reason), /passwordQueueMax/);
  assert.is(served?.status, 'fulfilled');
  await Promise.all(strangers);
  assert.is(order.indexOf('known'), passwordHashesMax, 'right after those who were at it');
});

test('a hash is weak when one made now takes more work', async () => {
  const strong = createPasswords({ work: 2 });
  const hash = await passwords.hash('x');
  assert.is(strong.isWeak(hash), true);
  assert.is(passwords.isWeak(hash), false);
  assert.is(passwords.isWeak(await strong.hash('x')), false);
  assert.is(await strong.verify('x', hash), true, 'and still fits');
  for (const other of ['', '$2a$10$abc', passwords.hashRandom('x')]) assert.is(strong.isWeak(other), false, other);
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
