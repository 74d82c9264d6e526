/** Tests of the key ring: files as v3 keeps them, rotation, and what is valid after a stop at any point of it. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type KeyPair, makeKeys, parsePrivateKey } from '../../../../internal/auth/keys.ts';
import { signToken, verifyToken } from '../../../../internal/auth/tokens.ts';
import { writeSecret } from '../../../../internal/auth/write-secret.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import { formerKeysMax, tokenExpirySecondsMax } from '../../../../internal/contract/limits.ts';
import { seededRandom } from '../../../../test/support/seeded-random.ts';
import { suite } from '../../../../test/support/suite.ts';
import { type KeyRing, type KeyRingOptions, openKeyRing } from './key-ring.ts';

const test = suite('key ring');

const begun = 1_700_000_000_000;
const lifeMs = tokenExpirySecondsMax * 1_000;
let now = begun;
let root = '';
/** Making one takes longer than most cases, so they are used again in every case. */
let made: readonly KeyPair[] = [];

test.before(async () => {
  root = mkdtempSync(join(tmpdir(), 'micro-test-'));
  made = await Promise.all(Array.from({ length: 24 }, makeKeys));
});
test.after(() => rmSync(root, { recursive: true, force: true }));
test.each(() => {
  now = begun;
});

const newFolder = (): string => mkdtempSync(join(root, 'keys-'));

type Open = (o?: Partial<KeyRingOptions>) => Promise<KeyRing>;

/** Opens the same folder each time, with keys that no ring of this opener has had. */
const openerOf = (folder = newFolder()): { readonly open: Open; readonly folder: string } => {
  let taken = 0;
  const make = async (): Promise<KeyPair> => made[taken++] ?? makeKeys();
  return { folder, open: (o = {}) => openKeyRing({ folder, now: () => now, make, ...o }) };
};

const account = { id: 'bob', type: 'user', issuer: 'foo', metadata: {}, scopes: [], name: 'bob' };

/** A token that lives as long as any may. */
const sign = (ring: KeyRing): Promise<string> =>
  signToken(ring.present, { account, expiry: now / 1_000 + tokenExpirySecondsMax, generation: undefined });

const counts = (ring: KeyRing, token: string): boolean => {
  try {
    verifyToken(ring.keys(), token, now);
    return true;
  } catch (e) {
    if (isMicroError(e)) return false;
    throw e;
  }
};

const textIn = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

const rejection = async (work: Promise<unknown>): Promise<Error & { readonly hint?: string }> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof Error) return error;
  throw new Error('expected a failure');
};

test('keys are made once, private, and kept as base64 of a PEM', async () => {
  const { open, folder } = openerOf();
  const first = await open();
  assert.is((await open()).present.id, first.present.id);
  for (const file of ['id_rsa', 'id_rsa.pub', 'former_keys'])
    assert.is(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  const plain = (file: string): string => Buffer.from(textIn(folder, file), 'base64').toString();
  assert.match(plain('id_rsa'), /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.match(plain('id_rsa.pub'), /^-----BEGIN PUBLIC KEY-----/);
  assert.not.match(textIn(folder, 'former_keys'), /PRIVATE/);
});

test('a key of v3 is taken as it is', async () => {
  const { open, folder } = openerOf();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const text = Buffer.from(privateKey.export({ type: 'pkcs1', format: 'pem' })).toString('base64');
  writeFileSync(join(folder, 'id_rsa'), text);
  assert.is((await open()).present.id, parsePrivateKey(text, 'x').id);
  assert.is(textIn(folder, 'id_rsa'), text);
});

test('a damaged file is named and left as it is', async () => {
  const { open, folder } = openerOf();
  await open();
  for (const [file, text] of [
    ['former_keys', '{'],
    ['former_keys', '{"former":[{"public":"nonsense","ends":1}]}'],
    ['former_keys', '{"former":[{"ends":1}]}'],
    ['former_keys', '[]'],
    ['id_rsa', 'nonsense'],
  ] as const) {
    writeFileSync(join(folder, file), text);
    assert.match((await rejection(open())).message, new RegExp(file), text);
    assert.is(textIn(folder, file), text);
  }
});

test('a rotation logs nobody out, now and after a restart', async () => {
  const { open, folder } = openerOf();
  const ring = await open();
  const tokens = [await sign(ring)];
  for (let i = 0; i < 3; i += 1) {
    await ring.rotate({ endOldTokens: false });
    tokens.push(await sign(ring));
  }
  for (const each of [ring, await open()]) {
    for (const token of tokens) assert.ok(counts(each, token));
    assert.equal(each.list(), ring.list());
    assert.is(new Set(each.list().map((k) => k.id)).size, 4);
    assert.equal(
      each.list().map((k) => k.present),
      [true, false, false, false],
    );
  }
  assert.is(textIn(folder, 'id_rsa.pub'), ring.present.publicText);
});

test('a former key stays until its last token has ended, and then leaves', async () => {
  const { open } = openerOf();
  const ring = await open();
  const token = await sign(ring);
  await ring.rotate({ endOldTokens: false });
  const [, former] = ring.list();
  assert.is(former?.ends, (begun + lifeMs) / 1_000);
  now += lifeMs - 1;
  assert.ok(counts(ring, token));
  now += 1;
  assert.is(ring.list().length, 1);
  assert.is((await open()).list().length, 1);
});

test('a key that has leaked takes all tokens with it', async () => {
  const { open } = openerOf();
  const ring = await open();
  const tokens = [await sign(ring)];
  await ring.rotate({ endOldTokens: false });
  tokens.push(await sign(ring));
  await ring.rotate({ endOldTokens: true });
  for (const each of [ring, await open()]) {
    for (const token of tokens) assert.not.ok(counts(each, token));
    assert.is(each.list().length, 1);
    assert.ok(counts(each, await sign(each)));
  }
});

test('a key from the settings cannot be replaced here; another one there is a rotation', async () => {
  const { open } = openerOf();
  const own = await sign(await open());
  const given = (i: number) => ({ given: { text: made.at(-i)?.privateText ?? '', origin: 'MICRO_AUTH_PRIVATE_KEY' } });
  const first = await open(given(1));
  const error = await rejection(first.rotate({ endOldTokens: false }));
  assert.match(`${error.message}; ${error.hint}`, /given by MICRO_AUTH_PRIVATE_KEY; set another one there/);
  const second = await open(given(2));
  const third = await open();
  for (const ring of [first, second, third]) assert.ok(counts(ring, own));
  for (const ring of [second, third]) assert.ok(counts(ring, await sign(first)));
  assert.ok(counts(third, await sign(second)));
  assert.is(third.list().length, 3);
});

test('there are no more former keys than a bound', async () => {
  const { open, folder } = openerOf();
  const { present } = await open();
  const ends = begun / 1_000 + 10;
  const former = Array.from({ length: formerKeysMax }, () => ({ public: made.at(-1)?.publicText, ends }));
  writeFileSync(join(folder, 'former_keys'), JSON.stringify({ present: present.publicText, former }));
  const ring = await open();
  assert.match((await rejection(ring.rotate({ endOldTokens: false }))).message, /formerKeysMax/);
  assert.is(ring.present.id, present.id);
  now += 10_000;
  await ring.rotate({ endOldTokens: false });
});

/** Writes as before, until it stops for good. */
const stopAfter = (writes: number) => {
  let left = writes;
  return async (file: string, text: string): Promise<void> => {
    if (left === 0) throw new Error('stopped');
    left -= 1;
    await writeSecret(file, text);
  };
};

/** A rotation writes this often. */
const writesOfRotation = 4;

for (let writes = 0; writes < writesOfRotation; writes += 1)
  test(`a rotation that is stopped after ${writes} writes leaves every token valid`, async () => {
    const { open, folder } = openerOf();
    const before = await open();
    const first = await sign(before);
    await before.rotate({ endOldTokens: false });
    const second = await sign(before);
    const stopped = await open({ write: stopAfter(writes) });
    assert.is((await rejection(stopped.rotate({ endOldTokens: false }))).message, 'stopped');
    const after = await open();
    assert.is(textIn(folder, 'id_rsa.pub'), after.present.publicText);
    for (const token of [first, second, await sign(after)]) assert.ok(counts(after, token));
    // The process that could not write goes on, and so does what it signs.
    const meanwhile = await sign(stopped);
    for (const token of [first, second, meanwhile]) assert.ok(counts(stopped, token));
    assert.ok(counts(await open(), meanwhile));
    await after.rotate({ endOldTokens: false });
    for (const token of [first, second]) assert.ok(counts(await open(), token));
  });

test('a rotation writes as often as the cases above say', async () => {
  const { open } = openerOf();
  await open();
  await (await open({ write: stopAfter(writesOfRotation) })).rotate({ endOldTokens: false });
});

test('after any course of rotations, stops, restarts and years every token is as valid as it should be', async () => {
  const random = seededRandom(20_261_126);
  const below = (n: number): number => Math.floor(random() * n);
  for (let course = 0; course < 40; course += 1) {
    now = begun;
    const { open } = openerOf();
    let ring = await open();
    /** `from`: when its key signed last, if that is over; `ended`: whether it may be gone, or must be. */
    let issued: { token: string; key: string; at: number; ended: 'no' | 'perhaps' | 'yes' }[] = [];
    for (let step = 0; step < 12; step += 1) {
      issued.push({ token: await sign(ring), key: ring.present.id, at: now, ended: 'no' });
      const endOldTokens = below(4) === 0;
      switch (below(4)) {
        case 0:
          ring = await open();
          break;
        case 1:
          now += below(Math.floor(lifeMs / 2));
          break;
        case 2:
          await ring.rotate({ endOldTokens });
          if (endOldTokens) issued = issued.map((i) => ({ ...i, ended: 'yes' }));
          break;
        default: {
          const stopping = await open({ write: stopAfter(below(writesOfRotation)) });
          await rejection(stopping.rotate({ endOldTokens }));
          if (endOldTokens) issued = issued.map((i) => ({ ...i, ended: i.ended === 'yes' ? 'yes' : 'perhaps' }));
          ring = await open();
        }
      }
      for (const { token, key, at, ended } of issued) {
        const alive = now < at + lifeMs;
        if (ended === 'no') assert.is(counts(ring, token), alive, `course ${course}, step ${step}, key ${key}`);
        if (ended === 'yes') assert.not.ok(counts(ring, token), `course ${course}, step ${step}, key ${key}`);
      }
      assert.is(new Set(ring.keys().map((k) => k.id)).size, ring.keys().length);
    }
  }
});

test.run();
