/** Tests of the tokens file: v3's exact form, and damaged lines that cost nobody else a login. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { openTokensFile } from './tokens-file.ts';

const test = suite('tokens file');
const root = mkdtempSync(join(tmpdir(), 'micro-test-'));
const file = join(root, 'tokens');
const tokens = openTokensFile(() => file);
test.each(() => rmSync(file, { force: true }));
test.after(() => rmSync(root, { recursive: true, force: true }));

const key = { address: '127.0.0.1:8081', namespace: 'micro', id: 'admin' };
const token = { accessToken: 'a.b.c', refreshToken: 'r', created: 1, expiry: 2 };
const line = `micro://127.0.0.1:8081/micro/admin:${Buffer.from(
  '{"access_token":"a.b.c","refresh_token":"r","created":1,"expiry":2}',
).toString('base64')}`;

test('writes the form that v3 reads', async () => {
  await tokens.set(key, token);
  assert.is(readFileSync(file, 'utf8'), `${line}\n`);
  assert.is(statSync(file).mode & 0o777, 0o600);
});

test('reads the form that v3 writes, without a port too', () => {
  writeFileSync(file, `${line.replace('127.0.0.1:8081', 'proxy.m3o.com')}\n${line}\n`);
  assert.equal(tokens.get(key), token);
  assert.equal(tokens.get({ ...key, address: 'proxy.m3o.com' }), token);
  assert.is(tokens.get({ ...key, id: 'other' }), undefined);
});

test('a missing file holds nothing', async () => {
  assert.is(tokens.get(key), undefined);
  await tokens.delete(key);
});

test('damaged lines lose themselves only', async () => {
  const damaged = ['nonsense', 'a:b', `${'micro://x/y/z'}:%%%%`, `micro://x:1/y/z:${btoa('{"access_token":1}')}`];
  writeFileSync(file, [...damaged, line, ''].join('\r\n'));
  assert.equal(tokens.get(key), token);
  assert.is(tokens.get({ address: 'x', namespace: 'y', id: 'z' }), undefined);
  assert.is(tokens.get({ address: 'x:1', namespace: 'y', id: 'z' }), undefined);
  await tokens.set({ ...key, id: 'bob' }, token);
  assert.equal(tokens.get(key), token);
  for (const text of damaged) assert.ok(readFileSync(file, 'utf8').includes(text), `kept ${text}`);
  await tokens.set({ address: 'x', namespace: 'y', id: 'z' }, token);
  assert.equal(tokens.get({ address: 'x', namespace: 'y', id: 'z' }), token);
});

test('tells damage from absence', () => {
  assert.is(tokens.damaged(key), false, 'no file');
  writeFileSync(file, `${line}\n`);
  assert.is(tokens.damaged(key), false, 'a good line');
  assert.is(tokens.damaged({ ...key, id: 'other' }), false, 'nobody else has one');
  writeFileSync(file, `${line}=?\n`.replace(':ey', ':%%'));
  assert.is(tokens.damaged(key), true, 'a damaged line of its own');
  writeFileSync(file, 'nonsense\n');
  assert.is(tokens.damaged(key), true, 'a line of no known form');
});

test('deletes and replaces exactly one login', async () => {
  const like = { ...key, id: 'admin:2' };
  await tokens.set(key, token);
  await tokens.set(like, { ...token, refreshToken: 'other' });
  await tokens.set(key, { ...token, expiry: 9 });
  assert.is(tokens.get(key)?.expiry, 9);
  await tokens.delete(key);
  assert.is(tokens.get(key), undefined);
  assert.is(tokens.get(like)?.refreshToken, 'other');
});

test('renews only what still stands there', async () => {
  await tokens.set(key, token);
  const next = { ...token, refreshToken: 'r2', expiry: 9 };
  const later = { ...token, refreshToken: 'r3', expiry: 12 };
  assert.equal(await tokens.renew(key, { used: token, next }), next);
  assert.equal(await tokens.renew(key, { used: token, next: later }), next, 'somebody else was first');
  assert.equal(tokens.get(key), next);
  await tokens.delete(key);
  assert.is(await tokens.renew(key, { used: next, next: later }), undefined, 'ended meanwhile');
  assert.is(tokens.get(key), undefined);
});

test('one login instead of another, in one rewrite', async () => {
  await tokens.set(key, token);
  await tokens.set({ ...key, id: 'bob' }, token, { instead: key });
  assert.is(tokens.get(key), undefined);
  assert.equal(tokens.ids(key), ['bob']);
  await tokens.set({ ...key, id: 'bob' }, { ...token, expiry: 7 }, { instead: { ...key, id: 'bob' } });
  assert.is(tokens.get({ ...key, id: 'bob' })?.expiry, 7);
});

test('names the accounts of one address and namespace', async () => {
  for (const other of [key, { ...key, id: 'a:b' }, { ...key, namespace: 'foo' }, { ...key, address: 'https://x:1' }])
    await tokens.set(other, token);
  assert.equal([...tokens.ids(key)].sort(), ['a:b', 'admin']);
  assert.equal(tokens.ids({ ...key, address: 'https://x:1' }), ['admin']);
  assert.equal(tokens.ids({ ...key, namespace: 'none' }), []);
});

test('what cannot be read is an error that names the file', () => {
  mkdirSync(file);
  try {
    assert.throws(
      () => tokens.get(key),
      (e: Error) => e.message.startsWith(`cannot read ${file}: `),
    );
  } finally {
    rmSync(file, { recursive: true });
  }
});

test.run();
