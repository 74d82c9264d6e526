/** Stored accounts and certificates: private, whole, found again, and told when somebody damaged them. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { acmeFileBytesMax } from '../../contract/limits.ts';
import { suite } from '../../../test/support/suite.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { accountOf } from './account.ts';
import { standIn } from './stand-in.ts';
import { type AcmeFiles, openAcmeFiles } from './stored.ts';

const test = suite('tls: stored accounts and certificates');
const dataDir = mkdtempSync(join(tmpdir(), 'micro-acme-stored-'));
test.after(() => rmSync(dataDir, { recursive: true, force: true }));

const directory = 'https://ca.example/dir';
const hosts = ['a.example', 'b.example'];
let opened = 0;
const openFresh = (): Promise<AcmeFiles> => openAcmeFiles(join(dataDir, String(opened++)), directory);
const onlyFile = (files: AcmeFiles): string => {
  const names = readdirSync(files.folder);
  assert.is(names.length, 1, names.join(' '));
  return join(files.folder, names[0] as string);
};

test('there is nothing at first', async () => {
  const files = await openFresh();
  assert.equal(await files.account(), { state: 'none' });
  assert.equal(await files.certificate(hosts), { state: 'none' });
});

test('an account is made once and found again', async () => {
  const files = await openFresh();
  const made = await accountOf(files, silentLog);
  await made.keepAccount({ ...made.account, url: 'https://ca.example/account/1' });
  const again = await accountOf(files, silentLog);
  assert.equal(again.account, { key: made.account.key, url: 'https://ca.example/account/1' });
});

test('a certificate is found again for the same hosts and no others', async () => {
  const files = await openFresh();
  const pair = await standIn(hosts, Date.now());
  await files.keepCertificate(hosts, pair);
  const found = await files.certificate(hosts);
  assert.is(found.state, 'whole');
  if (found.state === 'whole') {
    assert.is(found.value.cert.trim(), pair.cert.trim());
    assert.ok(found.value.notBefore < found.value.notAfter);
  }
  assert.equal(await files.certificate(['a.example']), { state: 'none' });
});

test('directories do not share', async () => {
  const files = await openFresh();
  const other = await openAcmeFiles(join(files.folder, '..', '..'), 'https://ca.example/staging');
  assert.is.not(other.folder, files.folder);
});

test('nobody else may read them', async () => {
  if (process.platform === 'win32')
    return void process.stdout.write('SKIP nobody else may read them: Windows has other rights\n');
  const files = await openFresh();
  await accountOf(files, silentLog);
  await files.keepCertificate(hosts, await standIn(hosts, Date.now()));
  for (const name of readdirSync(files.folder)) assert.is(statSync(join(files.folder, name)).mode & 0o777, 0o600, name);
  assert.is(statSync(files.folder).mode & 0o777, 0o700);
});

for (const c of [
  { name: 'nothing', damage: (file: string) => truncateSync(file, 0), reason: /JSON|input/ },
  { name: 'half', damage: (file: string) => truncateSync(file, statSync(file).size >> 1), reason: /JSON/ },
  {
    name: 'a key cut short',
    damage: (file: string) => edit(file, (t) => t.replace(/(KEY-----\\n.{20}).*(\\n)/, '$1$2')),
    reason: /./,
  },
  { name: 'no key', damage: (file: string) => writeFileSync(file, '{"url":1}'), reason: /holds no key/ },
  { name: 'a list', damage: (file: string) => writeFileSync(file, '[]'), reason: /holds no key/ },
  {
    name: 'another directory',
    damage: (file: string) => edit(file, (t) => t.replace(directory, 'https://evil.example/')),
    reason: /another directory/,
  },
  {
    name: 'too much',
    damage: (file: string) => writeFileSync(file, ' '.repeat(acmeFileBytesMax + 1)),
    reason: /JSON|input/,
  },
])
  test(`an account file with ${c.name} is damaged, and a new account is made`, async () => {
    const files = await openFresh();
    const first = await accountOf(files, silentLog);
    c.damage(onlyFile(files));
    const found = await files.account();
    assert.is(found.state, 'damaged');
    assert.match(found.state === 'damaged' ? found.reason : '', c.reason);
    const second = await accountOf(files, silentLog);
    assert.is.not(second.account.key, first.account.key);
    assert.is((await files.account()).state, 'whole');
  });

for (const c of [
  { name: 'nothing', damage: (file: string) => truncateSync(file, 0), reason: /no certificate/ },
  { name: 'half', damage: (file: string) => truncateSync(file, statSync(file).size >> 1), reason: /./ },
  {
    name: 'no key',
    damage: (file: string) => edit(file, (t) => t.slice(t.indexOf('-----BEGIN CERTIFICATE'))),
    reason: /./,
  },
  {
    name: 'a byte changed',
    damage: (file: string) => edit(file, (t) => t.replace(/(BEGIN CERTIFICATE-----\n.{30})./, '$1!')),
    reason: /./,
  },
  {
    name: 'too much',
    damage: (file: string) => writeFileSync(file, 'x'.repeat(acmeFileBytesMax + 1)),
    reason: /no certificate/,
  },
])
  test(`a certificate file with ${c.name} is damaged`, async () => {
    const files = await openFresh();
    await files.keepCertificate(hosts, await standIn(hosts, Date.now()));
    c.damage(onlyFile(files));
    const found = await files.certificate(hosts);
    assert.is(found.state, 'damaged');
    assert.match(found.state === 'damaged' ? found.reason : '', c.reason);
  });

test('a key of another certificate, and a certificate for other hosts, are damaged', async () => {
  const files = await openFresh();
  const [one, two] = [await standIn(hosts, Date.now()), await standIn(hosts, Date.now())];
  await files.keepCertificate(hosts, { key: one.key, cert: two.cert });
  assert.equal(await files.certificate(hosts), { state: 'damaged', reason: 'the key belongs to another certificate' });
  await files.keepCertificate(hosts, await standIn(['a.example'], Date.now()));
  assert.equal(await files.certificate(hosts), { state: 'damaged', reason: 'the certificate is not for b.example' });
});

const edit = (file: string, change: (text: string) => string): void => {
  const [before, after] = [readFileSync(file, 'utf8'), change(readFileSync(file, 'utf8'))];
  assert.is.not(after, before);
  writeFileSync(file, after);
};

test.run();
