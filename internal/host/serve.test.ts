/** Serving: several services behind one listener, what is registered, who may call, Debug, the end. */

import assert from 'node:assert/strict';

import { parseMicroError, unauthorized } from '../contract/error.ts';
import type { Registry } from '../contract/registry.ts';
import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { openAuth } from '../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../test/conformance/open-router.ts';
import { frame, openSession, rawCall } from '../../test/conformance/raw-grpc.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { type ServeOptions, serve } from './serve.ts';

const test = suite('serve');

const start = async (o: Partial<ServeOptions> = {}) => {
  const base = await openRegistryRouter();
  const { registry } = base.driver;
  const example = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: 'micro', handlers: example.handlers }],
    address: '127.0.0.1:0',
    registry,
    auth: openAuth,
    log: silentLog,
    signal: new AbortController().signal,
    ...o,
  });
  const session = openSession(served.address);
  const call = (path: string, text = 'x', headers = {}) => rawCall(session, { path, body: frame(text), headers });
  const stop = async (): Promise<void> => {
    session.destroy();
    await served.stop();
    await base.close();
  };
  return { registry, served, call, stop, seen: example.seen };
};

test('registers name, version, node and endpoints as v3 does', async () => {
  const { registry, served, stop } = await start({
    services: [
      {
        name: 'example',
        version: '1.2',
        namespace: 'ns',
        handlers: exampleHandlers().handlers,
        grpcNames: ['echo.v1.Example'],
        metadata: { zone: 'a' },
      },
    ],
  });
  const [service] = await registry.get('example', { domain: 'ns' });
  assert.equal(service?.version, '1.2');
  const node = service?.nodes[0];
  assert.equal(node?.address, served.address);
  assert.match(node?.id ?? '', /^example-[0-9a-f-]{36}$/);
  for (const [key, value] of Object.entries({
    server: 'grpc',
    transport: 'grpc',
    protocol: 'grpc',
    broker: 'service',
    registry: 'service',
    grpc: 'echo.v1.Example',
    zone: 'a',
    pid: String(process.pid),
  }))
    assert.equal(node?.metadata[key], value, key);
  const names = service?.endpoints.map((e) => e.name) ?? [];
  assert.deepEqual(names, names.toSorted());
  assert.ok(!names.some((name) => name.startsWith('Debug.')));
  const streams = service?.endpoints.filter((e) => e.metadata.stream === 'true').map((e) => e.name);
  assert.deepEqual(streams, ['Example.Chat', 'Example.Count', 'Example.FailLate', 'Example.Join']);
  assert.equal(service?.endpoints[0]?.request?.values[0]?.type, 'string');
  await stop();
  assert.deepEqual(await registry.get('example', { domain: 'ns' }), []);
});

test('a service alone answers under every prefix, several only under their own', async () => {
  const alone = await start();
  assert.equal((await alone.call('/whatever.Example/Echo')).status, 0);
  await alone.call('/whatever.Example/Context');
  assert.equal(alone.seen.context?.service, 'example');
  await alone.stop();
  const { handlers } = exampleHandlers();
  const two = await start({
    services: [
      { name: 'one', namespace: 'micro', handlers },
      { name: 'two', namespace: 'micro', handlers: [] },
    ],
  });
  assert.equal((await two.call('/one.Example/Echo')).status, 0);
  assert.equal((await two.call('/two.Example/Echo')).message, 'unknown service Example');
  assert.equal((await two.call('/two.Debug/Health', '')).status, 0);
  assert.equal((await two.call('/three.Example/Echo')).message, 'unknown service Example');
  await two.stop();
});

test('checks callers by the rules of its own namespace, except for Debug', async () => {
  const asked: unknown[] = [];
  const { call, stop } = await start({
    services: [{ name: 'example', namespace: 'ns', handlers: exampleHandlers().handlers }],
    auth: {
      ...openAuth,
      rules: async (o) => {
        asked.push(o?.namespace);
        return [];
      },
    },
  });
  const refused = await call('/example.Example/Echo');
  assert.equal(refused.status, 16);
  assert.equal(parseMicroError(refused.message)?.detail, 'Unauthorized call made to example:Example.Echo');
  assert.deepEqual(asked, ['ns']);
  const health = await call('/example.Debug/Health', '{}', { 'x-content-type': 'application/json' });
  assert.deepEqual(health.messages.map(String), ['{"status":"ok"}']);
  await stop();
});

test('Debug counts requests and errors and shows spans', async () => {
  const { call, stop } = await start();
  const json = { 'x-content-type': 'application/json' };
  await call('/example.Example/Echo');
  await call('/example.Example/Fail');
  const stats = JSON.parse(String((await call('/example.Debug/Stats', '{}', json)).messages[0]));
  assert.equal(stats.requests, '3');
  assert.equal(stats.errors, '1');
  assert.ok(Number(stats.memory) > 1_000_000);
  const trace = JSON.parse(String((await call('/example.Debug/Trace', '{}', json)).messages[0]));
  assert.deepEqual(
    trace.spans.map((s: { name: string }) => s.name),
    ['example.Example.Echo', 'example.Example.Fail', 'example.Debug.Stats'],
  );
  const none = JSON.parse(String((await call('/example.Debug/Trace', '{"id":"nope"}', json)).messages[0]));
  assert.deepEqual(none.spans, []);
  await stop();
});

test('a registry that refuses leaves nothing open', async () => {
  const registry: Pick<Registry, 'register' | 'deregister'> = {
    register: async () => {
      throw unauthorized('registry.Registry.Register', 'Unauthorized');
    },
    deregister: async () => undefined,
  };
  await assert.rejects(start({ registry }), /Unauthorized/);
});

test('refuses two services with one name and endpoints that cannot be called', async () => {
  const { handlers } = exampleHandlers();
  const one = { name: 'one', namespace: 'micro', handlers };
  await assert.rejects(start({ services: [one, one] }), /two services are named one/);
  const twice = [...handlers, ...handlers.slice(0, 1)];
  await assert.rejects(start({ services: [{ ...one, handlers: twice }] }), /has two handlers/);
  const odd = handlers.map((h) => ({ ...h, endpoint: 'nodot' })).slice(0, 1);
  await assert.rejects(start({ services: [{ ...one, handlers: odd }] }), /not Type\.Method/);
});

test('stops twice', async () => {
  const { served, stop } = await start();
  await served.stop();
  await stop();
});

test.run();
