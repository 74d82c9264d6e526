/** `micro SERVICE …` against a fake registry and client: help, calls, streams, and each way it is refused (cli.md 3.8). */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client, ClientOptions, ClientStream } from '../../../internal/contract/client.ts';
import { ExitError, isMicroError, microError } from '../../../internal/contract/error.ts';
import type { ValueTree } from '../../../internal/contract/handler.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Call } from '../../../internal/contract/plugin.ts';
import type { Endpoint, Registry, Service } from '../../../internal/contract/registry.ts';
import { registryApi } from '../../../internal/schema/core/registry.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

import { run } from './dynamic.ts';
import { type config, type needs, plugin } from './plugin.ts';

const value = (name: string, type: string, values: readonly ValueTree[] = []): ValueTree => ({ name, type, values });
const message = (...values: readonly ValueTree[]): ValueTree => value('Request', 'Request', values);
const endpoint = (name: string, request?: ValueTree, metadata: Record<string, string> = {}): Endpoint => ({
  name,
  request,
  response: undefined,
  metadata,
});
const service = (name: string, endpoints: readonly Endpoint[], version = 'latest'): Service => ({
  name,
  version,
  metadata: {},
  endpoints,
  nodes: [],
});

/** The core registry exactly as it registers itself. */
const registryEndpoints = registryApi.endpoints.map((name) => {
  const method = registryApi.method(name);
  return endpoint(name, method.describe().request, method.kind === 'unary' ? {} : { stream: 'true' });
});

const registered: Readonly<Record<string, readonly Service[]>> = {
  micro: [
    service('registry', registryEndpoints),
    service('events', [
      endpoint('Stream.Publish', message(value('topic', 'string'))),
      endpoint('Store.Read', message(value('topic', 'string'), value('limit', 'uint64'), value('empty', 'Empty'))),
      endpoint('Sub', message(), { subscriber: 'true' }),
    ]),
    service('foo-bar', [endpoint('FooBar.Call', message())]),
    service('gostream', [endpoint('Gostream.Tail', value('Context', 'Context'), { stream: 'true' })]),
    service('two', [endpoint('Two.Old', message())], '1'),
    service('two', [endpoint('Two.Old', message(value('x', 'string'))), endpoint('Two.New', message())], '2'),
  ],
  mine: [
    service('helloworld', [endpoint('Helloworld.Call', message(value('name', 'string'), value('count', 'int32')))]),
    service('registry', [endpoint('Registry.Steal', message())]),
  ],
};

interface Sent {
  readonly service: string;
  readonly endpoint: string;
  readonly request: string;
  readonly namespace: string | undefined;
  readonly kind: 'call' | 'stream';
}

interface Faults {
  readonly registry?: Error;
  readonly client?: Error;
  readonly answers?: readonly string[];
  readonly onAnswer?: () => void;
}

const micro = async (line: string | readonly string[], faults: Faults = {}, signal = new AbortController().signal) => {
  const sent: Sent[] = [];
  let stdout = '';
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const note = (kind: Sent['kind'], name: string, ep: string, request: Uint8Array, o?: ClientOptions): void => {
    assert.equal(o?.contentType, 'application/grpc+json');
    sent.push({
      kind,
      service: name,
      endpoint: ep,
      request: new TextDecoder().decode(request),
      namespace: o?.namespace,
    });
    if (faults.client !== undefined) throw faults.client;
  };
  const client: Client = {
    call: async (name, ep, request, o) => {
      note('call', name, ep, request, o);
      return bytes(faults.answers?.[0] ?? '{"msg":"ok","n":9223372036854775807,"e":{}}');
    },
    stream: (name, ep, o): ClientStream => ({
      send: async (request) => note('stream', name, ep, request, o),
      end: () => undefined,
      cancel: () => undefined,
      async *[Symbol.asyncIterator]() {
        for (const answer of faults.answers ?? ['{"n":1}', '{"n":2}']) {
          yield bytes(answer);
          faults.onAnswer?.();
          signal.throwIfAborted();
        }
      },
    }),
  };
  const registry = {
    get: async (name: string, o?: { domain?: string }) => {
      if (faults.registry !== undefined) throw faults.registry;
      return (registered[o?.domain ?? ''] ?? []).filter((s) => s.name === name);
    },
    list: async (o?: { domain?: string }) => registered[o?.domain ?? ''] ?? [],
  } as Partial<Registry> as Registry;
  const host = {
    manifests: () => [
      { kind: 'command', id: 'commands/services', summary: '', verbs: [{ words: 'services' }] },
      { kind: 'command', id: 'commands/get', summary: '', verbs: [{ words: 'get service' }] },
      plugin,
    ],
  } as unknown as Host;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { client, registry, host },
    dataDir: tmpdir(),
    signal,
  });
  const raw = typeof line === 'string' ? line.split(' ') : line;
  const out = { line: (text: string) => (stdout += `${text}\n`) } as Partial<Output> as Output;
  const call: Call = { args: raw, flags: {}, given: new Set(), rest: [], raw, out };
  const code = await run(call, ctx);
  return { code, stdout, sent: sent[0] };
};

const test = suite('dynamic commands');

for (const [line, ep, request, namespace] of [
  ['helloworld call --name=Jane', 'Helloworld.Call', '{"name":"Jane"}', 'mine'],
  ['helloworld --name John call', 'Helloworld.Call', '{"name":"John"}', 'mine'],
  ['helloworld --name=Joe', 'Helloworld.Call', '{"name":"Joe"}', 'mine'],
  ['helloworld helloworld call --name=x', 'Helloworld.Call', '{"name":"x"}', 'mine'],
  ['helloworld Call', 'Helloworld.Call', '{}', 'mine'],
  ['helloworld call --name=a=b', 'Helloworld.Call', '{"name":"a=b"}', 'mine'],
  ['helloworld call --count -5', 'Helloworld.Call', '{"count":-5}', 'mine'],
  ['registry getService --service=helloworld', 'Registry.GetService', '{"service":"helloworld"}', 'micro'],
  [
    'registry getService --service=x --options-domain=y',
    'Registry.GetService',
    '{"options":{"domain":"y"},"service":"x"}',
    'micro',
  ],
  [
    'registry getService --service=x --options_domain=y',
    'Registry.GetService',
    '{"options":{"domain":"y"},"service":"x"}',
    'micro',
  ],
  ['registry getService --options-ttl=0x10', 'Registry.GetService', '{"options":{"ttl":16}}', 'micro'],
  ['registry listServices', 'Registry.ListServices', '{}', 'micro'],
  [
    'registry register --name=foo --metadata={"a":"b"}',
    'Registry.Register',
    '{"metadata":{"a":"b"},"name":"foo"}',
    'micro',
  ],
  ['events stream publish --topic=t', 'Stream.Publish', '{"topic":"t"}', 'micro'],
  ['events store read --topic=t --limit=5', 'Store.Read', '{"limit":5,"topic":"t"}', 'micro'],
  ['foo-bar call', 'FooBar.Call', '{}', 'micro'],
  ['foo-bar fooBar call', 'FooBar.Call', '{}', 'micro'],
  ['two new', 'Two.New', '{}', 'micro'],
] as const)
  test(`micro ${line}`, async () => {
    const { code, stdout, sent } = await micro(line);
    assert.deepEqual(sent, { kind: 'call', service: line.split(' ')[0], endpoint: ep, request, namespace });
    assert.equal(stdout, '{\n\t"msg": "ok",\n\t"n": 9223372036854775807,\n\t"e": {}\n}\n');
    assert.equal(code, 0);
  });

const registryHelp = `NAME:
\tmicro registry

VERSION:
\tlatest

USAGE:
\tmicro registry [command]

COMMANDS:
\tderegister
\tgetService
\tlistServices
\tregister
\twatch

`;
const getServiceHelp = `NAME:
\tmicro registry getService

USAGE:
\tmicro registry getService [flags]

FLAGS:
\t--service string
\t--options_ttl int64
\t--options_domain string

`;

for (const [line, want] of [
  ['registry', registryHelp],
  ['registry --help', registryHelp],
  ['registry -h', registryHelp],
  ['registry getService --help', getServiceHelp],
  ['registry getService --service=x --help', getServiceHelp],
] as const)
  test(`micro ${line} prints help on stdout`, async () => {
    assert.deepEqual(await micro(line), { code: 0, stdout: want, sent: undefined });
  });

test('help of a service with several handlers, of one of them, and of an endpoint without flags', async () => {
  assert.match((await micro('events')).stdout, /COMMANDS:\n\tstore read\n\tstream publish\n\n$/);
  assert.match((await micro('events stream --help')).stdout, /COMMANDS:\n\tstream publish\n\n$/);
  assert.match(
    (await micro('events store read --help')).stdout,
    /--topic string\n\t--limit uint64\n\t--empty Empty\n\n$/,
  );
  assert.match(
    (await micro('foo-bar call --help')).stdout,
    /NAME:\n\tmicro foo-bar call\n\nUSAGE:.*\n.*\n\nFLAGS:\n\n$/,
  );
});

for (const [line, message, code, hint] of [
  ['asdasd', `Unrecognized micro command: asdasd. Please refer to 'micro --help'`, 1, undefined],
  ['serivces', `Unrecognized micro command: serivces. Please refer to 'micro --help'`, 1, 'did you mean services?'],
  [
    'helloworl --name=x',
    `Unrecognized micro command: helloworl. Please refer to 'micro --help'`,
    1,
    'did you mean helloworld?',
  ],
  ['helloworld CALL', 'Endpoint Helloworld.CALL not found for service helloworld', 128, undefined],
  ['helloworld cal', 'Endpoint Helloworld.Cal not found for service helloworld', 128, 'did you mean call?'],
  ['helloworld nope --help', 'Endpoint Helloworld.Nope not found for service helloworld', 128, undefined],
  ['events publish --topic=t', 'Endpoint Events.Publish not found for service events', 128, undefined],
  ['events stream publis', 'Endpoint Stream.Publis not found for service events', 128, 'did you mean stream publish?'],
  ['registry steal', 'Endpoint Registry.Steal not found for service registry', 128, undefined],
  ['helloworld call --nmae=1', 'Unknown flag: nmae', 128, 'did you mean --name?'],
  ['helloworld call --foo=1', 'Unknown flag: foo', 128, undefined],
  ['helloworld call --count=x', 'strconv.Atoi: parsing "x": invalid syntax', 128, '--count takes int32'],
  ['helloworld a b c', 'Incorrect number of arguments', 128, undefined],
] as const)
  test(`micro ${line} is refused`, () =>
    assert.rejects(
      micro(line),
      (e) =>
        e instanceof ExitError &&
        e.message === message &&
        e.exitCode === code &&
        (hint === undefined || e.hint === hint),
    ));

test('prints each message of a streaming endpoint', async () => {
  const { code, stdout, sent } = await micro('registry watch --service=x');
  assert.deepEqual(sent, {
    kind: 'stream',
    service: 'registry',
    endpoint: 'Registry.Watch',
    request: '{"service":"x"}',
    namespace: 'micro',
  });
  assert.equal(stdout, '{\n\t"n": 1\n}\n{\n\t"n": 2\n}\n');
  assert.equal(code, 0);
});

test('takes flags as text where a stream registered no shape', async () => {
  assert.equal((await micro('gostream tail --id=7')).sent?.request, '{"id":"7"}');
});

test('ends a stream quietly with 130 when it is interrupted', async () => {
  const abort = new AbortController();
  const { code, stdout } = await micro('registry watch', { onAnswer: () => abort.abort() }, abort.signal);
  assert.equal(code, 130);
  assert.equal(stdout, '{\n\t"n": 1\n}\n');
});

test('prints nothing for an empty answer and refuses what is no JSON', async () => {
  assert.equal((await micro('foo-bar call', { answers: [''] })).stdout, '');
  await assert.rejects(
    micro('foo-bar call', { answers: ['<html>'] }),
    (e) => e instanceof ExitError && e.exitCode === 3 && e.message === 'Error while trying to format the response',
  );
});

test('passes on what the registry or the service refuses', async () => {
  const denied = microError(401, 'registry.Registry.GetService', 'an account is required', { hint: 'micro login' });
  await assert.rejects(micro('helloworld call', { registry: denied }), (e) => e === denied);
  const failed = microError(500, 'helloworld', 'boom');
  await assert.rejects(micro('helloworld call', { client: failed }), (e) => e === failed);
});

test('takes a 404 of the registry for not found', async () => {
  const missing = microError(404, 'registry.Registry.GetService', 'service not found');
  await assert.rejects(micro('helloworld call', { registry: missing }), /Unrecognized micro command: helloworld/);
});

test('says which command was perhaps meant when no server can be asked', async () => {
  const refused = microError(500, 'go.micro.client', 'connection error: connection refused');
  await assert.rejects(
    micro('serivces', { registry: refused }),
    (e) => isMicroError(e) && e.detail === refused.detail && /^did you mean services\? otherwise: /.test(e.hint ?? ''),
  );
});

test.run();
