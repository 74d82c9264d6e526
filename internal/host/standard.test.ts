/** What standard gRPC clients find at every listener: reflection in both versions and health, under the caller's rights. */

import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { Account, Auth, Rule } from '../contract/auth.ts';
import { badRequest } from '../contract/error.ts';
import type { Handler } from '../contract/handler.ts';
import { oldReflectionService, reflectionService, standardServices } from '../contract/standard.ts';
import { createRpcClient } from '../rpc/client.ts';
import type { ServedService } from '../rpc/service-table.ts';
import { reflectedFiles, reflectedServices } from '../schema/ask-reflection.ts';
import { reflectionApi, type ServerReflectionResponse } from '../schema/core/reflection.ts';
import { descriptorFile, descriptorFiles, fileCodec } from '../schema/descriptor-file.ts';
import { loadProtos } from '../schema/load-protos.ts';
import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { openAuth } from '../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../test/conformance/open-router.ts';
import { frame, openSession, rawCall } from '../../test/conformance/raw-grpc.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { serve } from './serve.ts';

const test = suite('serve/standard');

const protos = loadProtos([join(import.meta.dirname, '../../examples/everything/everything.proto')]);
const handlersFor = (type: string): readonly Handler[] =>
  exampleHandlers()
    .handlers.slice(0, 2)
    .map((h) => ({ ...h, endpoint: h.endpoint.replace('Example', type) }));

const everything: ServedService = {
  name: 'all-of-it',
  namespace: 'micro',
  handlers: handlersFor(protos.services[0]?.name ?? ''),
  grpcNames: protos.services.map((s) => s.fullName),
  descriptors: protos.descriptors,
};
const fullName = protos.services[0]?.fullName ?? '';

const start = async (services: readonly ServedService[], auth: Pick<Auth, 'inspect' | 'rules'> = openAuth) => {
  const base = await openRegistryRouter();
  const served = await serve({
    services,
    address: '127.0.0.1:0',
    registry: base.driver.registry,
    auth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const client = createRpcClient();
  const session = openSession(served.address);
  return {
    served,
    reflection: (token?: string) => (name: string) =>
      client.stream(served.address, `/${name}/ServerReflectionInfo`, { token }),
    health: (service: string, method = 'Check') =>
      rawCall(session, {
        path: `/grpc.health.v1.Health/${method}`,
        body: frame(JSON.stringify({ service })),
        headers: { 'x-content-type': 'application/json' },
      }),
    stop: async () => {
      session.destroy();
      await client.close();
      await served.stop();
      await base.close();
    },
  };
};

test('lists and describes a service under its proto names, whatever its micro name is', async () => {
  const { reflection, stop } = await start([everything]);
  assert.deepEqual(await reflectedServices(reflection()), [fullName]);
  const files = descriptorFiles(await reflectedFiles(reflection(), [fullName]));
  const file = files.containing(fullName);
  assert.equal(file?.name, 'everything.proto');
  const service = file.proto.service.find((s) => fullName.endsWith(s.name));
  const kinds = service?.method.map((m) => `${Number(m.client_streaming)}${Number(m.server_streaming)}`);
  assert.deepEqual([...new Set(kinds)].sort(), ['00', '01', '10']);
  for (const name of file.proto.dependency) assert.ok(files.named(name), name);
  await stop();
});

test('speaks both versions of reflection, and describes itself', async () => {
  const { reflection, stop } = await start([everything]);
  for (const version of [reflectionService, oldReflectionService]) {
    const { request, response } = reflectionApi.method('ServerReflection.ServerReflectionInfo');
    const stream = reflection()(version);
    const answers = stream[Symbol.asyncIterator]();
    const ask = async (asked: object): Promise<ServerReflectionResponse> => {
      await stream.send(request.encode(asked));
      return response.decode((await answers.next()).value as Uint8Array) as ServerReflectionResponse;
    };
    const list = await ask({ host: 'h', list_services: '*' });
    const names = list.list_services_response?.service.map((s) => s.name);
    assert.deepEqual(names, [...standardServices, fullName].sort());
    assert.equal(list.valid_host, 'h');
    assert.equal(list.original_request?.list_services, '*');
    const own = await ask({ file_containing_symbol: `${version}.ServerReflectionInfo` });
    assert.equal(own.file_descriptor_response?.file_descriptor_proto.length, 1);
    const byName = await ask({ file_by_filename: 'grpc/health/v1/health.proto' });
    assert.equal(byName.file_descriptor_response?.file_descriptor_proto.length, 1);
    for (const none of [
      { file_containing_symbol: 'no.Such' },
      { file_by_filename: 'no.proto' },
      { file_containing_extension: { containing_type: fullName, extension_number: 7 } },
      { all_extension_numbers_of_type: 'no.Such' },
      {},
    ])
      assert.equal((await ask(none)).error_response?.error_code, 5, JSON.stringify(none));
    stream.cancel();
  }
  await stop();
});

test('core services are described by the protos that micro brings along', async () => {
  const { reflection, stop } = await start([
    { name: 'registry', namespace: 'micro', handlers: handlersFor('Registry') },
    { name: 'store', namespace: 'micro', handlers: [...handlersFor('Store'), ...handlersFor('BlobStore')] },
    { name: 'undescribed', namespace: 'micro', handlers: handlersFor('Nothing') },
  ]);
  const names = await reflectedServices(reflection());
  assert.deepEqual(names, ['registry.Registry', 'store.BlobStore', 'store.Store']);
  const files = descriptorFiles(await reflectedFiles(reflection(), names));
  for (const name of names) assert.ok(files.containing(name), name);
  await stop();
});

const account: Account = { id: 'john', type: 'user', issuer: 'micro', metadata: {}, scopes: [], name: 'john' };
const rule = (id: string, scope: string, name: string, endpoint: string): Rule => ({
  id,
  scope,
  resource: { type: 'service', name, endpoint },
  access: 'granted',
  priority: 1,
});

test('lists for a caller only what the rules let it call', async () => {
  const rules = [rule('a', '', 'public', 'Public.Echo'), rule('b', '*', 'private', '*')];
  const auth = {
    rules: async () => rules,
    inspect: async (token: string) => {
      if (token === 'good') return account;
      throw badRequest('auth', 'invalid token provided');
    },
  };
  const service = (name: string, type: string): ServedService => ({
    ...everything,
    name,
    handlers: handlersFor(type),
    grpcNames: [`${name}.${type}`],
    descriptors: () => {
      const [bytes] = protos.descriptors();
      const { proto } = descriptorFile(bytes as Uint8Array);
      return [
        fileCodec.encode({ ...proto, name: `${name}.proto`, package: name, service: [{ name: type, method: [] }] }),
      ];
    },
  });
  const { reflection, stop } = await start([service('public', 'Public'), service('private', 'Private')], auth);
  assert.deepEqual(await reflectedServices(reflection()), ['public.Public']);
  assert.deepEqual(await reflectedServices(reflection('bad')), ['public.Public']);
  assert.deepEqual(await reflectedServices(reflection('good')), ['private.Private', 'public.Public']);
  // The proxy asks with no token, and decides itself who hears of it.
  assert.equal((await reflectedFiles(reflection(), ['private.Private']))[0]?.name, 'private.proto');
  await assert.rejects(reflectedFiles(reflection(), ['other.Other']), { code: 404 });
  await stop();
});

test('health knows the listener, micro names and proto names, and nothing else', async () => {
  const { health, stop } = await start([everything]);
  for (const name of ['', 'all-of-it', fullName])
    assert.deepEqual((await health(name)).messages.map(String), ['{"status":"SERVING"}'], name);
  assert.equal((await health('nope')).status, 5);
  await stop();
});

test('who watches health hears when the listener begins to stop', async () => {
  const { served, stop } = await start([everything]);
  const client = createRpcClient();
  const stream = client.stream(served.address, '/grpc.health.v1.Health/Watch', {
    contentType: 'application/grpc+json',
  });
  await stream.send(Buffer.from('{}'));
  const seen: string[] = [];
  const reading = (async () => {
    for await (const message of stream) seen.push(String(Buffer.from(message)));
  })().catch(() => undefined);
  await poll('the first state', () => seen.length > 0 || undefined);
  await stop();
  await reading;
  assert.deepEqual(seen, ['{"status":"SERVING"}', '{"status":"NOT_SERVING"}']);
  await client.close();
});

test('a service that brings its own health answers for itself', async () => {
  const own = { ...everything, handlers: handlersFor('Health'), grpcNames: ['grpc.health.v1.Health'] };
  const { served, stop } = await start([own]);
  const session = openSession(served.address);
  const answer = await rawCall(session, { path: '/grpc.health.v1.Health/Check', body: frame('') });
  assert.equal(answer.message, 'unknown service Health.Check');
  session.destroy();
  await stop();
});

test.run();
