/** The registry service at its face: who may do what, v3's ids and texts, seconds and domains on the wire. */

import assert from 'node:assert/strict';

import type { Account } from '../../../internal/contract/auth.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import type { Registry, RegistryOptions, Service } from '../../../internal/contract/registry.ts';
import { registryApi } from '../../../internal/schema/core/registry.ts';
import { stub } from '../../../internal/schema/stub.ts';
import { inProcessClient, testAdmin } from '../../../test/support/in-process-client.ts';
import { startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

import { plugin } from './plugin.ts';

const reader: Account = { ...testAdmin, id: 'reader', scopes: [] };
const stranger: Account = { ...testAdmin, id: 'stranger', issuer: 'other' };
const known: Service = { name: 'known', version: 'latest', metadata: {}, endpoints: [], nodes: [] };

/** A registry that notes what it was asked, behind the service, called as `account`. */
const open = async (account?: Account) => {
  const asked: unknown[] = [];
  const registry: Registry = {
    register: async (service, o) => void asked.push(['register', service.name, o?.domain, o?.ttlMs]),
    deregister: async (service, o) => void asked.push(['deregister', service.name, o?.domain]),
    get: async (name, o?: RegistryOptions) => {
      asked.push(['get', name, o?.domain]);
      return name === 'known' ? [known] : [];
    },
    list: async (o) => {
      asked.push(['list', o?.domain]);
      return [known];
    },
    watch: async function* (o) {
      asked.push(['watch', o?.service, o?.domain]);
      yield { action: 'create', service: known };
    },
  };
  const { instance } = await startService(plugin, { needs: { registry } });
  const client = inProcessClient({ services: { registry: instance.handlers }, account });
  return { asked, api: stub(client, registryApi), handlers: instance.handlers };
};

const allOf = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

type Api = Awaited<ReturnType<typeof open>>['api'];
const calls: Readonly<Record<string, (api: Api, domain?: string) => Promise<unknown>>> = {
  'Registry.GetService': (api, domain) => api['Registry.GetService']({ service: 'known', options: { domain } }),
  'Registry.ListServices': (api, domain) => api['Registry.ListServices']({ options: { domain } }),
  'Registry.Watch': (api, domain) => allOf(api['Registry.Watch']({ options: { domain } })),
  'Registry.Register': (api, domain) => api['Registry.Register']({ name: 'known', options: { domain } }),
  'Registry.Deregister': (api, domain) => api['Registry.Deregister']({ name: 'known', options: { domain } }),
};
const writes = ['Registry.Register', 'Registry.Deregister'];

const test = suite('services/registry');

const refuses = (
  name: string,
  o: { account?: Account; endpoint: string; domain?: string; code: number; detail: string },
) =>
  test(name, async () => {
    const { api, asked } = await open(o.account);
    const id = `registry.${o.endpoint}`;
    await assert.rejects(
      calls[o.endpoint]!(api, o.domain),
      (e) => isMicroError(e) && e.id === id && e.code === o.code && e.detail === o.detail,
    );
    assert.deepEqual(asked, []);
  });

for (const endpoint of Object.keys(calls)) {
  refuses(`${endpoint} needs an account`, { endpoint, code: 401, detail: 'an account is required' });
  refuses(`${endpoint} needs an account of the domain`, {
    account: stranger,
    endpoint,
    code: 403,
    detail: 'access denied to namespace',
  });
  refuses(`${endpoint} over all domains needs an admin of micro`, {
    account: stranger,
    endpoint,
    domain: '*',
    code: 403,
    detail: 'access denied to namespace',
  });
  if (writes.includes(endpoint))
    refuses(`${endpoint} needs an admin`, { account: reader, endpoint, code: 401, detail: 'Unauthorized' });
  else
    test(`${endpoint} serves any account of the domain`, async () => {
      const { api, asked } = await open(reader);
      await calls[endpoint]!(api);
      assert.equal((asked[0] as unknown[]).at(-1), 'micro');
    });
}

test('answers 404 in the words of v3 for an unknown service', async () => {
  const { api } = await open(testAdmin);
  await assert.rejects(
    api['Registry.GetService']({ service: 'nobody' }),
    (e) =>
      isMicroError(e) && e.code === 404 && e.id === 'registry.Registry.GetService' && e.detail === 'service not found',
  );
});

test('reads ttl as seconds and an empty domain as micro', async () => {
  const { api, asked } = await open(testAdmin);
  await api['Registry.Register']({ name: 'a', options: { ttl: 90n } });
  await api['Registry.Register']({ name: 'a', options: { domain: 'other' } });
  await api['Registry.Register']({ name: 'a' });
  assert.deepEqual(asked, [
    ['register', 'a', 'micro', 90_000],
    ['register', 'a', 'other', 0],
    ['register', 'a', 'micro', 0],
  ]);
});

test('streams events as v3 words them', async () => {
  const { api, asked } = await open(testAdmin);
  const events = await allOf(api['Registry.Watch']({ service: 'known', options: { domain: '*' } }));
  assert.deepEqual(
    events.map((e) => [e.action, e.service?.name, e.timestamp]),
    [['create', 'known', 0n]],
  );
  assert.deepEqual(asked, [['watch', 'known', '*']]);
});

test('serves every endpoint of the proto', async () => {
  const { handlers } = await open(testAdmin);
  assert.deepEqual(handlers.map((h) => h.endpoint).sort(), [...registryApi.endpoints].sort());
});

test.run();
