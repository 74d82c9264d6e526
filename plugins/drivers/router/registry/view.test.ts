/** The view behind the registry router: what it does when the registry fails, refuses or hangs. */

import assert from 'node:assert/strict';

import { forbidden, internal, tooMany } from '../../../../internal/contract/error.ts';
import type { Registry, RegistryEvent, Service } from '../../../../internal/contract/registry.ts';
import { poll } from '../../../../test/support/poll.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { plugin } from './plugin.ts';

const test = suite('registry view');

const record = (name: string, domain = 'micro'): Service => ({
  name,
  version: 'latest',
  metadata: { domain },
  endpoints: [],
  nodes: [{ id: `${name}-1`, address: '127.0.0.1:1', metadata: {} }],
});

/** A registry with these records whose watch waits for ever; overridden by the test. */
const fake = (records: readonly Service[], o: Partial<Registry> = {}): Registry => ({
  register: async () => undefined,
  deregister: async () => undefined,
  get: async (name) => records.filter((s) => s.name === name),
  list: async () => records,
  watch: (options) => waiting(options?.signal),
  ...o,
});

async function* waiting(signal: AbortSignal | undefined): AsyncGenerator<RegistryEvent> {
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

const start = (registry: Registry) => startDriver(plugin, { needs: { registry } });
const micro = { namespace: 'micro' };

test('reads everything again when a watch falls behind or ends', async () => {
  const records: Service[] = [record('a')];
  let watches = 0;
  const { instance, stop } = await start(
    fake([], {
      list: async () => records,
      get: async () => [],
      watch: (o) => {
        watches += 1;
        if (watches === 1) return failing();
        return watches === 2 ? ended() : waiting(o?.signal);
      },
    }),
  );
  await instance.lookup('a', micro);
  records.push(record('b'));
  await poll('the new record', () => instance.lookup('b', micro).then(() => true), 5_000);
  await poll('a watch that lasts', () => watches >= 3, 5_000);
  await stop();
});

async function* failing(): AsyncGenerator<RegistryEvent> {
  yield { action: 'create', service: record('c') };
  throw tooMany('registry.Registry.Watch', 'too far behind');
}
async function* ended(): AsyncGenerator<RegistryEvent> {
  yield { action: 'create', service: record('d') };
}

test('looks at single namespaces where it may not see all', async () => {
  const domains: (string | undefined)[] = [];
  const { instance, stop } = await start(
    fake([], {
      list: async (o) => {
        domains.push(o?.domain);
        if (o?.domain === '*') throw forbidden('registry.Registry.ListServices', 'access denied to namespace');
        return [record('a', o?.domain)];
      },
    }),
  );
  await instance.lookup('a', { namespace: 'one' });
  await instance.lookup('a', { namespace: 'two' });
  await instance.lookup('a', { namespace: 'one' });
  assert.deepEqual(domains, ['*', 'one', 'two']);
  for (let i = 0; i < 40; i += 1) await instance.lookup('a', { namespace: `n${i}` });
  await stop();
});

test('passes a failing registry on, and tries again at the next call', async () => {
  let broken = true;
  const { instance, stop } = await start(
    fake([record('a')], {
      list: async () => {
        if (broken) throw internal('x', 'disk on fire');
        return [record('a')];
      },
    }),
  );
  await assert.rejects(instance.lookup('a', micro), /disk on fire/);
  broken = false;
  assert.equal((await instance.lookup('a', micro)).length, 1);
  await stop();
});

test('a caller who leaves does not wait for a registry that hangs', async () => {
  const { instance, stop } = await start(
    fake([], {
      list: (o) => new Promise((_, reject) => o?.signal?.addEventListener('abort', () => reject(o.signal?.reason))),
    }),
  );
  const signal = AbortSignal.timeout(20);
  await assert.rejects(instance.lookup('a', { ...micro, signal }), { code: 408, detail: 'context deadline exceeded' });
  await stop();
});

test('callers that miss the same service at once ask the registry once', async () => {
  let asked = 0;
  const { instance, stop } = await start(
    fake([], {
      get: async (name) => {
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return [record(name)];
      },
    }),
  );
  await Promise.all(Array.from({ length: 20 }, () => instance.lookup('a', micro)));
  assert.equal(asked, 1);
  await stop();
});

test.run();
