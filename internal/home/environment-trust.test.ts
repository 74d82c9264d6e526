/** What is kept about an environment's server: beside the table a Go command line rewrites, for one address, gone with the environment. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { TlsTrust } from '../contract/tls.ts';
import { addEnvironment, deleteEnvironment, selectEnvironment } from './environments.ts';
import { openHome } from './home.ts';
import { loginCommand, placeOf } from './place.ts';

const test = suite('environments: trust');
const dir = mkdtempSync(join(tmpdir(), 'micro-test-'));
const home = openHome({ dir });
const { config } = home;
test.each(() => rmSync(config.file, { force: true }));
test.after(() => rmSync(dir, { recursive: true, force: true }));

const address = 'https://10.0.0.1:8081';
const pin: TlsTrust = { fingerprint: `sha256:${'ab'.repeat(32)}` };
const trustOf = (env: string): TlsTrust | undefined => placeOf(home, { env }).trust;

for (const trust of [
  pin,
  { ca: '/etc/ca.pem' },
  { insecure: true },
  { cert: '/c.pem', key: '/k.pem' },
  { ca: '/etc/ca.pem', cert: '/c.pem', key: '/k.pem' },
] satisfies readonly TlsTrust[])
  test(`keeps ${Object.keys(trust).join(', ')}`, async () => {
    await addEnvironment(config, 'second', address, { trust });
    assert.equal(trustOf('second'), trust);
  });

test('stands in the file in words, where a person finds it', async () => {
  await addEnvironment(config, 'second', address, { trust: { ...pin, cert: '/c.pem', key: '/k.pem' } });
  assert.equal(JSON.parse(readFileSync(config.file, 'utf8')).tls, {
    second: { address, cert: '/c.pem', fingerprint: pin.fingerprint, key: '/k.pem' },
  });
  assert.is(config.get('tls.second.cert'), '/c.pem');
});

test('another environment of the same server has nothing of it', async () => {
  await addEnvironment(config, 'second', address, { trust: pin });
  await addEnvironment(config, 'third', address);
  assert.is(trustOf('third'), undefined);
});

test('goes when the environment is replaced or deleted', async () => {
  await addEnvironment(config, 'second', address, { trust: { insecure: true } });
  await addEnvironment(config, 'second', address);
  assert.is(trustOf('second'), undefined);
  await addEnvironment(config, 'second', address, { trust: { insecure: true } });
  await deleteEnvironment(config, 'second');
  assert.is(config.get('tls.second'), '');
  await addEnvironment(config, 'second', address);
  assert.is(trustOf('second'), undefined);
});

/** A Go command line writes the string `envs` with the three keys it knows. */
const rewriteAsGo = (change: (table: Record<string, { ProxyAddress: string }>) => void): Promise<void> => {
  const table = JSON.parse(config.get('envs'));
  for (const env of Object.values<Record<string, string>>(table))
    for (const key of Object.keys(env)) if (!['Name', 'ProxyAddress', 'Description'].includes(key)) delete env[key];
  change(table);
  return config.set({ envs: JSON.stringify(table) });
};

test('outlives a Go command line that rewrites the table', async () => {
  await addEnvironment(config, 'second', address, { trust: pin, description: 'The other one' });
  await rewriteAsGo(() => undefined);
  assert.equal(trustOf('second'), pin);
});

test('does not hold for an address that a Go command line put in its place', async () => {
  await addEnvironment(config, 'second', address, { trust: { insecure: true } });
  await rewriteAsGo((table) => {
    (table.second as { ProxyAddress: string }).ProxyAddress = 'https://10.0.0.2:8081';
  });
  assert.is(trustOf('second'), undefined);
});

test('does not hold for an address of this run', async () => {
  await addEnvironment(config, 'second', address, { trust: { insecure: true } });
  const place = placeOf(home, { env: 'second', address: 'https://10.0.0.2:8081' });
  assert.equal([place.trust, place.overruled], [undefined, true]);
  assert.is(placeOf(home, { env: 'second' }).overruled, false);
});

test('what older versions keep under the name alone goes with the server it was about', async () => {
  const old = { 'micro.auth.second.token': 'a', 'micro.auth.second.refresh-token': 'r', 'second.logged-out': 'true' };
  const kept = (): readonly string[] => Object.keys(old).filter((key) => config.get(key) !== '');
  await addEnvironment(config, 'second', address);
  await config.set({ ...old, 'micro.auth.third.token': 'a' });
  await addEnvironment(config, 'second', address, { description: 'The same server' });
  assert.equal(kept(), Object.keys(old));
  await addEnvironment(config, 'second', 'https://10.0.0.2:8081');
  assert.equal(kept(), []);
  await config.set(old);
  await deleteEnvironment(config, 'second');
  assert.equal(kept(), []);
  assert.is(config.get('micro.auth.third.token'), 'a');
});

test('the way to a login names the environment where it must', async () => {
  await addEnvironment(config, 'second', address);
  assert.is(loginCommand(home, placeOf(home, { env: 'second' })), 'micro -e second login');
  await selectEnvironment(config, 'second');
  assert.is(loginCommand(home, placeOf(home)), 'micro login');
});

test('names with dots are names of their own', async () => {
  await addEnvironment(config, 'a', address, { trust: pin });
  await addEnvironment(config, 'a.ca', address, { trust: { insecure: true } });
  await addEnvironment(config, 'a%2Eca', address, { trust: { ca: '/ca.pem' } });
  assert.equal([trustOf('a'), trustOf('a.ca'), trustOf('a%2Eca')], [pin, { insecure: true }, { ca: '/ca.pem' }]);
});

test('what a hand wrote and nobody can read is no trust', async () => {
  for (const tls of ['yes', '[]', '{"address":3,"insecure":"true"}']) {
    await addEnvironment(config, 'second', address);
    await config.set({ 'tls.second': tls });
    assert.is(trustOf('second'), undefined, tls);
  }
});

test('a description is kept as v3 keeps it', async () => {
  await addEnvironment(config, 'second', address, { description: 'The other one' });
  assert.is(JSON.parse(config.get('envs')).second.Description, 'The other one');
});

test.run();
