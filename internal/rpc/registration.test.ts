/** Registration: refreshes, failures, refusals, the end. */

import assert from 'node:assert/strict';

import { internal, unauthorized } from '../contract/error.ts';
import type { Registry, Service } from '../contract/registry.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { type RegistrationOptions, startRegistration } from './registration.ts';

const test = suite('registration');

const service: Service = {
  name: 'a',
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: [{ id: 'a-1', address: '127.0.0.1:1', metadata: {} }],
};

/** A registry that notes what it is asked, and fails as told. */
const start = async (o: { fail?: (call: number) => Error | undefined } & Partial<RegistrationOptions> = {}) => {
  const calls: string[] = [];
  let registered = 0;
  const registry: Pick<Registry, 'register' | 'deregister'> = {
    register: async (s, options) => {
      registered += 1;
      calls.push(`register ${s.name} ${options?.domain} ${options?.ttlMs}`);
      const error = o.fail?.(registered);
      if (error !== undefined) throw error;
    },
    deregister: async (s, options) => {
      calls.push(`deregister ${s.name} ${options?.domain} ${s.nodes.map((n) => n.id).join()}`);
    },
  };
  const starting = startRegistration({
    registry,
    entries: [{ domain: 'micro', service }],
    log: silentLog,
    signal: new AbortController().signal,
    intervalMs: 5,
    retryMs: 1,
    ...o,
  });
  return { calls, starting };
};

const deadline = (): AbortSignal => AbortSignal.timeout(1_000);

test('registers with the TTL, refreshes, and deregisters at the end', async () => {
  const { calls, starting } = await start();
  const registration = await starting;
  assert.deepEqual(calls, ['register a micro 90000']);
  await poll('a few refreshes', () => calls.length >= 3);
  await registration.stop(deadline());
  await registration.stop(deadline());
  assert.equal(calls.filter((c) => c === 'deregister a micro a-1').length, 1);
  assert.equal(calls.at(-1), 'deregister a micro a-1');
});

test('tries again when the registry cannot be reached', async () => {
  const { calls, starting } = await start({ fail: (n) => (n < 3 ? internal('x', 'connection refused') : undefined) });
  const registration = await starting;
  assert.equal(calls.length, 3);
  await registration.stop(deadline());
});

test('goes on trying in the background', async () => {
  const { calls, starting } = await start({ fail: (n) => (n < 6 ? internal('x', 'connection refused') : undefined) });
  const registration = await starting;
  await poll('the sixth attempt', () => calls.length >= 6);
  await registration.stop(deadline());
});

test('gives up at once when the registry refuses', async () => {
  const { calls, starting } = await start({ fail: () => unauthorized('registry.Registry.Register', 'Unauthorized') });
  await assert.rejects(starting, /Unauthorized/);
  assert.deepEqual(calls, ['register a micro 90000', 'deregister a micro a-1']);
});

test('a refusal later on is retried, as tokens are renewed', async () => {
  const { calls, starting } = await start({ fail: (n) => (n === 2 ? unauthorized('x', 'Unauthorized') : undefined) });
  const registration = await starting;
  await poll('the refresh after the refusal', () => calls.length >= 3);
  await registration.stop(deadline());
});

test('a start that is given up ends', async () => {
  const abort = new AbortController();
  const fail = (): Error => internal('x', 'connection refused');
  const { starting } = await start({ fail, signal: abort.signal, retryMs: 60_000 });
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(starting);
});

test.run();
