/** `micro call` against a fake client: what is sent, what is printed, what is refused. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client, ClientOptions } from '../../../internal/contract/client.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Values } from '../../../internal/contract/field.ts';
import type { Output } from '../../../internal/contract/output.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

import { run } from './call.ts';
import { type config, type flags, type needs, plugin } from './plugin.ts';

const micro = async (
  args: readonly string[],
  given: Partial<Values<typeof flags>> = {},
  answer = '{"b":1,"a":2.50}',
) => {
  let sent: { service: string; endpoint: string; request: string; o: ClientOptions } | undefined;
  let stdout = '';
  const client = {
    call: async (service: string, endpoint: string, request: Uint8Array, o: ClientOptions) => {
      sent = { service, endpoint, request: new TextDecoder().decode(request), o };
      return new TextEncoder().encode(answer);
    },
  } as Partial<Client> as Client;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { client },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
  });
  const out = {
    line: (text: string) => (stdout += `${text}\n`),
    write: (bytes: Uint8Array) => (stdout += `raw:${new TextDecoder().decode(bytes)}`),
  } as Partial<Output> as Output;
  await run({ args, flags: { metadata: [], ...given }, given: new Set(), rest: [], raw: args, out }, ctx);
  assert.ok(sent);
  return { stdout, ...sent };
};

const test = suite('micro call');

test('sends the words as JSON to the namespace of the environment', async () => {
  const { service, endpoint, request, o, stdout } = await micro(['svc', 'Svc.Call', '{"id":', '9007199254740993}']);
  assert.deepEqual([service, endpoint, request], ['svc', 'Svc.Call', '{"id":9007199254740993}']);
  assert.equal(o.namespace, 'mine');
  assert.equal(o.contentType, 'application/grpc+json');
  assert.equal(o.address, undefined);
  assert.equal(o.timeoutMs, undefined);
  assert.equal(stdout, '{\n\t"b": 1,\n\t"a": 2.50\n}\n');
});

test('hands address, metadata and time-out on', async () => {
  const { o } = await micro(['svc', 'Svc.Call'], {
    address: '127.0.0.1:9',
    metadata: ['Trace=a=b', 'none'],
    request_timeout: '1m500ms',
  });
  assert.equal(o.address, '127.0.0.1:9');
  assert.deepEqual({ ...o.metadata }, { trace: 'a=b' });
  assert.equal(o.timeoutMs, 60_500);
});

test('prints bytes as received with --output raw, and nothing for an empty answer', async () => {
  assert.equal((await micro(['svc', 'Svc.Call'], { output: 'raw' }, '{ }')).stdout, 'raw:{ }');
  assert.equal((await micro(['svc', 'Svc.Call'], {}, '')).stdout, '');
});

for (const c of [
  { name: 'a request that is no JSON', args: ['{'], code: 1, text: /^Error creating request / },
  { name: 'a request that is no object', args: ['[1]'], code: 1, text: /^Error creating request / },
  {
    name: 'a time-out without a unit',
    given: { request_timeout: '5' },
    code: 2,
    text: /^Invalid format for request_timeout/,
  },
  {
    name: 'a time-out of no time',
    given: { request_timeout: '0s' },
    code: 2,
    text: /^Invalid format for request_timeout/,
  },
  { name: 'an answer that is no JSON', answer: '<html>', code: 3, text: /^Error while trying to format the response$/ },
])
  test(`refuses ${c.name}`, () =>
    assert.rejects(
      micro(['svc', 'Svc.Call', ...(c.args ?? [])], c.given, c.answer),
      (e) => e instanceof ExitError && e.exitCode === c.code && c.text.test(e.message),
    ));

test.run();
