/** The runtime service as its callers see it: who is let in, v3's error texts, the shapes on the wire. */

import assert from 'node:assert/strict';

import type { Account } from '../../../internal/contract/auth.ts';
import { internal, isMicroError } from '../../../internal/contract/error.ts';
import type { CreateOptions, Runtime, RuntimeService } from '../../../internal/contract/runtime.ts';
import { runtimeApi } from '../../../internal/schema/core/runtime.ts';
import { stub } from '../../../internal/schema/stub.ts';
import { inProcessClient, testAdmin } from '../../../test/support/in-process-client.ts';
import { startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { plugin } from './plugin.ts';

const test = suite('runtime service');

interface Seen {
  readonly method: string;
  readonly service?: unknown;
  readonly options: unknown;
}
const seen: Seen[] = [];
const last = (): Seen => seen.at(-1)!;

const running: RuntimeService = {
  name: 'a',
  version: 'latest',
  source: 'source://a:latest',
  metadata: { owner: 'x' },
  status: 'running',
};
/** What the driver was told, without the signal of the call. */
const noted = (method: string, service: unknown, { signal: _signal, ...options }: CreateOptions = {}): void => {
  seen.push(JSON.parse(JSON.stringify({ method, service, options })));
};
const driver: Runtime = {
  upload: async (service, archive, o) => {
    const parts: Uint8Array[] = [];
    for await (const part of archive) parts.push(part);
    noted('upload', { ...service, text: Buffer.concat(parts).toString() }, o);
    return `source://${service.name}:${service.version}`;
  },
  create: async (service, o) => noted('create', service, o),
  read: async (o) => {
    noted('read', undefined, o as CreateOptions);
    return [running];
  },
  update: async (service, o) => noted('update', service, o),
  delete: async (service, o) => {
    noted('delete', { name: service.name, version: service.version }, o);
    if (service.name === 'nobody') throw internal('runtime.Runtime.Delete', 'not found');
  },
  logs: async function* (service, o) {
    noted('logs', service, o as CreateOptions);
    yield { timestamp: 1_700_000_000_123, message: 'hi', metadata: { stream: 'stdout' } };
  },
};

const service = await startService(plugin, { needs: { runtime: driver } });
const as = (account: Account | undefined) =>
  stub(inProcessClient({ services: { runtime: service.instance.handlers }, account }), runtimeApi);
const admin = as(testAdmin);
const plainUser: Account = { ...testAdmin, id: 'john', scopes: [] };
const inNamespace: Account = { ...testAdmin, issuer: 'ns-one', name: 'jane' };

const faultOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (e) {
    return isMicroError(e) ? `${e.id} ${e.code} ${e.detail}` : String(e);
  }
};
const all = async <T>(answers: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const answer of answers) found.push(answer);
  return found;
};
async function* each<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
const a = { name: 'a', version: '', source: 's', metadata: { k: 'v' } };

test('hands a creation over with its owner, its defaults and its options', async () => {
  await as(inNamespace)['Runtime.Create']({
    resource: { service: a },
    options: { namespace: 'ns-one', env: ['A=1'], args: ['x'], instances: 1n, force: true, secrets: { S: '1' } },
  });
  assert.deepEqual(last(), {
    method: 'create',
    service: { name: 'a', version: 'latest', source: 's', metadata: { k: 'v' } },
    options: {
      command: [],
      args: ['x'],
      env: ['A=1'],
      secrets: { S: '1' },
      instances: 1,
      force: true,
      owner: { name: 'jane', group: 'ns-one' },
      namespace: 'ns-one',
    },
  });
});

test('reads with the numbers of states', async () => {
  const { services } = await admin['Runtime.Read']({ options: { service: 'a', type: 't' } });
  assert.deepEqual(structuredClone(services), [{ ...running, status: 4 }]);
  assert.deepEqual(last().options, { service: 'a', type: 't', namespace: 'micro' });
  await admin['Runtime.Read']({});
  assert.deepEqual(last().options, { namespace: 'micro' });
});

test('updates, deletes and reads logs of a version, latest when none is named', async () => {
  await admin['Runtime.Update']({ resource: { service: a }, options: { entrypoint: 'sub' } });
  assert.equal((last().service as RuntimeService).version, 'latest');
  assert.deepEqual(last().options, { entrypoint: 'sub', namespace: 'micro' });
  await admin['Runtime.Delete']({ resource: { service: { name: 'a', version: 'v2' } } });
  assert.deepEqual(last().service, { name: 'a', version: 'v2' });
  const records = await all(admin['Runtime.Logs']({ service: 'a', count: 7n, stream: true }));
  assert.deepEqual(structuredClone(records), [
    { timestamp: 1_700_000_000_123n, message: 'hi', metadata: { stream: 'stdout' } },
  ]);
  assert.deepEqual(last(), {
    method: 'logs',
    service: { name: 'a', version: 'latest' },
    options: { lines: 7, follow: true, namespace: 'micro' },
  });
});

test("passes an upload on in its order, into the account's namespace or the one it names", async () => {
  const parts = each({ service: { name: 'a' }, data: Buffer.from('one ') }, { data: Buffer.from('two') });
  assert.equal((await as(inNamespace)['Source.Upload'](parts)).id, 'source://a:latest');
  assert.deepEqual(last(), {
    method: 'upload',
    service: { name: 'a', version: 'latest', text: 'one two' },
    options: { namespace: 'ns-one' },
  });
  await admin['Source.Upload'](each({ service: { name: 'a', metadata: { namespace: 'other' } } }));
  assert.deepEqual(last().options, { namespace: 'other' });
});

test('takes the kinds that only a cluster knows, and does nothing', async () => {
  const before = seen.length;
  await admin['Runtime.Create']({ resource: { namespace: { name: 'n' } } });
  await admin['Runtime.Update']({ resource: { networkpolicy: { name: 'n' } } });
  await admin['Runtime.Delete']({ resource: { resourcequota: { name: 'n' } } });
  assert.equal(seen.length, before);
});

for (const c of [
  { name: 'nobody', account: undefined, want: '401 an account is required' },
  { name: 'an admin of another namespace', account: inNamespace, want: '403 access denied to namespace' },
  { name: 'a user who is no admin', account: plainUser, want: '401 Unauthorized' },
])
  test(`lets ${c.name} change and follow nothing`, async () => {
    const api = as(c.account);
    const before = seen.length;
    const refused = {
      'runtime.Runtime.Create': api['Runtime.Create']({ resource: { service: a } }),
      'runtime.Runtime.Update': api['Runtime.Update']({ resource: { service: a } }),
      'runtime.Runtime.Delete': api['Runtime.Delete']({ resource: { service: a } }),
      'runtime.Runtime.Logs': all(api['Runtime.Logs']({ service: 'a' })),
    };
    for (const [id, work] of Object.entries(refused)) assert.equal(await faultOf(work), `${id} ${c.want}`);
    assert.equal(seen.length, before);
  });

test('lets a user of the namespace read, and nobody else', async () => {
  assert.equal((await as(plainUser)['Runtime.Read']({})).services.length, 1);
  assert.equal(await faultOf(as(undefined)['Runtime.Read']({})), 'runtime.Runtime.Read 401 an account is required');
  assert.match(await faultOf(as(inNamespace)['Runtime.Read']({})), /403 access denied/);
});

test('takes source from admins alone: it is code that will run', async () => {
  const upload = (account: Account | undefined, namespace?: string) =>
    faultOf(as(account)['Source.Upload'](each({ service: { name: 'a', metadata: namespace ? { namespace } : {} } })));
  const id = 'runtime.Source.Upload';
  assert.equal(await upload(undefined), `${id} 401 An account is required to upload source`);
  assert.equal(await upload(plainUser), `${id} 401 Unauthorized`);
  assert.match(await upload(inNamespace, 'micro'), /403 access denied/);
});

test("answers gaps and misses in v3's words", async () => {
  assert.equal(await faultOf(admin['Runtime.Create']({})), 'runtime.Runtime.Create 400 blank resource');
  assert.equal(await faultOf(admin['Runtime.Update']({ resource: {} })), 'runtime.Runtime.Update 400 blank resource');
  assert.match(
    await faultOf(admin['Runtime.Create']({ resource: { service: a, namespace: { name: 'n' } } })),
    /400 more than one kind/,
  );
  assert.equal(await faultOf(admin['Source.Upload'](each())), 'runtime.Source.Upload 400 No service was sent');
  assert.equal(await faultOf(admin['Source.Upload'](each({}))), 'runtime.Source.Upload 400 No service was sent');
  const missing = admin['Runtime.Delete']({ resource: { service: { name: 'nobody' } } });
  assert.equal(await faultOf(missing), 'runtime.Runtime.Delete 500 not found');
  const build = (name: string, version: string) => faultOf(all(admin['Build.Read']({ name, version })));
  assert.equal(await build('', ''), 'runtime.Build.Read 400 Missing name');
  assert.equal(await build('a', ''), 'runtime.Build.Read 400 Missing version');
  assert.equal(await build('a', 'latest'), 'runtime.Build.Read 404 Build not found');
  assert.match(await faultOf(all(as(undefined)['Build.Read']({ name: 'a' }))), /401 An account is required/);
});

test.run();
