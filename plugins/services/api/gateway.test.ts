/** The HTTP API over its own socket: what it answers itself, how it calls, who may, and what browsers may. Services behind it are fakes. */

import { once } from 'node:events';
import { connect } from 'node:net';

import * as assert from 'uvu/assert';

import { vouchedHeader } from '../../../internal/auth/vouched-caller.ts';
import type { Account, Auth, Rule } from '../../../internal/contract/auth.ts';
import type { Client, ClientOptions } from '../../../internal/contract/client.ts';
import { badRequest, microError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import { bodyBytesMax } from '../../../internal/contract/limits.ts';
import type { Registry, Service } from '../../../internal/contract/registry.ts';
import { startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { plugin } from './plugin.ts';

const test = suite('HTTP API');

const account: Account = { id: 'john', type: 'user', issuer: 'micro', metadata: {}, scopes: ['admin'], name: 'john' };
let rules: readonly Rule[] = [];
const openRule: Rule = {
  id: 'default',
  scope: '',
  resource: { type: '*', name: '*', endpoint: '*' },
  access: 'granted',
  priority: 0,
};
const auth = {
  inspect: async (token: string) => {
    if (token !== 'good') throw badRequest('auth.Auth.Inspect', 'invalid token provided');
    return account;
  },
  rules: async () => rules,
  vouch: (remote: string) => `sealed ${remote}`,
} as unknown as Auth;

const endpoint = (name: string, stream = false) => ({
  name,
  request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: [] }] },
  response: undefined,
  metadata: (stream ? { stream: 'true' } : {}) as Record<string, string>,
});
const service: Service = {
  name: 'helloworld',
  version: 'latest',
  metadata: {},
  endpoints: [endpoint('Helloworld.Call'), endpoint('Helloworld.Stream', true), endpoint('Helloworld.Late', true)],
  nodes: [{ id: 'n', address: '127.0.0.1:1', metadata: {} }],
};
const registry = {
  get: async (name: string, o: { domain?: string } = {}) =>
    (name === 'helloworld' && o.domain === 'micro') || name === 'auth' ? [{ ...service, name }] : [],
} as unknown as Registry;

interface Called {
  readonly service: string;
  readonly endpoint: string;
  readonly request: string;
  readonly options: ClientOptions;
}
let called: Called | undefined;
let answer: (call: Called) => Promise<string> = async () => '{}';
let answers: (call: Called) => AsyncIterable<string> = async function* () {};
const client: Client = {
  call: async (service, endpoint, request, options = {}) => {
    called = { service, endpoint, request: Buffer.from(request).toString(), options };
    return Buffer.from(await answer(called));
  },
  stream: (service, endpoint, options = {}) => {
    let sent: Uint8Array = new Uint8Array(0);
    return {
      send: async (message) => {
        sent = message;
      },
      end: () => undefined,
      cancel: () => undefined,
      async *[Symbol.asyncIterator]() {
        called = { service, endpoint, request: Buffer.from(sent).toString(), options };
        for await (const text of answers(called)) yield Buffer.from(text);
      },
    };
  },
};

const started = await startService(plugin, {
  needs: { auth, registry, client, host: { version: '1.2.3' } as Host },
  config: { address: '127.0.0.1:0', cors_origins: ['https://app.example.com'], hosts: ['my.box'] },
});
const address = started.instance.listeners?.()[0]?.address ?? '';
const base = `http://${address}`;

test.each(() => {
  rules = [openRule];
  called = undefined;
  answer = async () => '{"msg":"Hello"}';
});
test.after(() => started.stop());

const errorOf = async (response: Response): Promise<string> => {
  const { id, code, detail, status } = (await response.json()) as Record<string, unknown>;
  assert.is(code, response.status);
  assert.is(response.headers.get('content-type'), 'application/json');
  return `${id} ${code} ${detail} ${status}`;
};

test('the auth service is told from where its caller comes, by our word alone', async () => {
  const headers = { [vouchedHeader]: 'sealed 203.0.113.5:1' };
  const told = async (path: string, more = {}): Promise<string | undefined> => {
    await fetch(`${base}/${path}`, { method: 'POST', headers: { ...headers, ...more } });
    assert.ok(called);
    return called?.options.metadata?.[vouchedHeader];
  };
  assert.match((await told('auth/Helloworld/Call')) ?? '', /^sealed 127\.0\.0\.1:\d+$/);
  assert.is(await told('auth/Helloworld/Call', { 'micro-namespace': 'foo' }), undefined);
  assert.is(await told('helloworld/Helloworld/Call'), undefined);
});

/** A request as bytes, for what fetch would not send. */
const raw = async (text: string): Promise<string> => {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  let got = '';
  socket.on('data', (d) => {
    got += d;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return got;
};

test('says its version', async () => {
  const response = await fetch(`${base}/`);
  assert.is(await response.text(), '{"version": "v1.2.3"}');
  assert.is(response.status, 200);
  assert.equal(started.instance.listeners?.(), [{ name: 'api', address, protocol: 'HTTP/1.1', auth: true }]);
});

test('answers OPTIONS and the icon with nothing', async () => {
  for (const [path, method] of [
    ['/helloworld', 'OPTIONS'],
    ['/favicon.ico', 'GET'],
  ] as const) {
    const response = await fetch(base + path, { method });
    assert.is(`${response.status} ${await response.text()}`, '200 ');
  }
  assert.is(called, undefined);
});

test('calls by path and query, and answers what the service said, byte for byte', async () => {
  answer = async () => '{"z":9007199254740993,"a":"<b>"}';
  const response = await fetch(`${base}/helloworld/call?name=007`);
  assert.is(await response.text(), '{"z":9007199254740993,"a":"<b>"}');
  assert.is(response.headers.get('content-type'), 'application/json');
  assert.is(response.headers.get('x-content-type-options'), 'nosniff');
  assert.is(`${called?.service} ${called?.endpoint} ${called?.request}`, 'helloworld Helloworld.Call {"name":"007"}');
  assert.is(called?.options.contentType, 'application/grpc+json');
  assert.is(called?.options.namespace, 'micro');
});

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
  test(`passes the body of ${method} on`, async () => {
    const body = '{ "name": "John", "id": 18446744073709551615 }';
    await (await fetch(`${base}/helloworld`, { method, body })).text();
    assert.is(called?.request, body);
  });

test('passes headers on as metadata, but not those of the connection', async () => {
  const got = await raw(
    'POST /helloworld/call?name=x HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Many: a\r\n' +
      'X-Many: b\r\nTimeout: 5\r\nAuthorization: Bearer good\r\nContent-Length: 2\r\n\r\n{}',
  );
  assert.match(got, /^HTTP\/1\.1 200 OK/);
  const { 'x-many': many, method, url, host, ...rest } = { ...called?.options.metadata };
  assert.equal([many, method, url, host], ['a,b', 'POST', '/helloworld/call?name=x', 'localhost']);
  for (const name of ['x-hop', 'connection', 'content-length', 'timeout', 'authorization']) assert.not(name in rest);
  assert.is(called?.options.token, 'good');
});

test('takes the token from the cookie', async () => {
  const tokenWith = async (headers: Readonly<Record<string, string>>): Promise<string | null | undefined> => {
    await fetch(`${base}/helloworld`, { headers });
    return called?.options.token;
  };
  assert.is(await tokenWith({ Cookie: 'a=b; micro-token=good' }), 'good');
  assert.is(await tokenWith({}), null);
  assert.is(await tokenWith({ Cookie: 'micro-token=micro-token=good' }), 'good');
  assert.is(await tokenWith({ Cookie: 'micro-token=good', Authorization: 'Bearer bad' }), 'bad');
});

test('answers errors as the error JSON with its status', async () => {
  answer = async () => {
    throw microError(409, 'helloworld', 'exists already');
  };
  assert.is(await errorOf(await fetch(`${base}/helloworld`)), 'helloworld 409 exists already Conflict');
  answer = async () => {
    throw new Error('boom');
  };
  assert.is(
    await errorOf(await fetch(`${base}/helloworld`)),
    'go.micro.api 500 error during request: boom Internal Server Error',
  );
});

test('answers 404 for an unknown service and 400 for an odd path', async () => {
  assert.is(await errorOf(await fetch(`${base}/nosuch/call`)), 'go.micro.api 404 service not found Not Found');
  assert.match(await raw('GET /helloworld//call HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /400 Bad/);
  assert.match(await raw('GET /a/../helloworld HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /malformed/);
  assert.is((await fetch(`${base}/helloworld`, { method: 'HEAD' })).status, 405);
});

test('asks the rules, with and without an account', async () => {
  rules = [{ ...openRule, scope: '*' }];
  assert.match(await errorOf(await fetch(`${base}/helloworld`)), /401 Unauthorized call made to helloworld:Hello/);
  assert.is(called, undefined);
  const bad = await fetch(`${base}/helloworld`, { headers: { Authorization: 'Bearer bad' } });
  assert.is(bad.status, 401);
  const good = await fetch(`${base}/helloworld`, { headers: { Authorization: 'Bearer good' } });
  assert.is(good.status, 200);
  rules = [{ ...openRule, id: 'no', access: 'denied', priority: 1 }, openRule];
  const denied = await fetch(`${base}/helloworld`, { headers: { Authorization: 'Bearer good' } });
  assert.match(await errorOf(denied), /403 Forbidden call made to helloworld:Helloworld.Call by john/);
});

test('refuses a body over the limit before it reads it, and one that grows over it', async () => {
  const head = `POST /helloworld HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bodyBytesMax + 1}\r\n\r\n`;
  const got = await raw(head);
  assert.match(got, /^HTTP\/1\.1 413 /);
  assert.match(got, /bodyBytesMax/);
  assert.is(called, undefined);
});

test('refuses oversized heads and half requests without harm', async () => {
  const long = await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`);
  assert.match(long, /^HTTP\/1\.1 431 /);
  assert.match(await raw('GARBAGE\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.is((await fetch(`${base}/`)).status, 200);
});

test('refuses headers that decide and say two things', async () => {
  const got = await raw(
    'GET /helloworld HTTP/1.1\r\nHost: localhost\r\nMicro-Namespace: a\r\nMicro-Namespace: b\r\nConnection: close\r\n\r\n',
  );
  assert.match(got, /micro-namespace was sent 2 times/);
});

for (const [host, status] of [
  ['localhost:8080', 200],
  ['127.0.0.1', 200],
  ['[::1]:8080', 200],
  ['my.box:1', 200],
  ['evil.example.com', 403],
  ['127.0.0.1.evil.example.com', 403],
] as const)
  test(`answers ${status} to the host ${host}`, async () => {
    const got = await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(got, new RegExp(`^HTTP/1\\.1 ${status} `));
  });

for (const [origin, allowed] of [
  ['https://app.example.com', true],
  ['http://localhost:3000', true],
  [base, true],
  ['https://evil.example.com', false],
  ['http://localhost.evil.example.com', false],
  ['null', false],
  ['http://app.example.com', false],
] as const)
  test(`${allowed ? 'lets' : 'does not let'} a page of ${origin} in`, async () => {
    for (const method of ['OPTIONS', 'POST']) {
      const response = await fetch(`${base}/helloworld`, { method, headers: { Origin: origin } });
      assert.is(response.status, allowed ? 200 : 403);
      assert.is(response.headers.get('access-control-allow-origin'), allowed ? origin : null);
      assert.is(response.headers.get('vary'), 'Origin');
    }
    assert.is(called !== undefined, allowed);
  });

test('streams one JSON text per line, each as it comes', async () => {
  const steps: (() => void)[] = [];
  answers = async function* () {
    yield '{"n":1}';
    await new Promise<void>((resolve) => steps.push(resolve));
    yield '{"n":2}';
  };
  const response = await fetch(`${base}/helloworld/stream?name=5`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.is((await reader.read()).value, '{"n":1}\n');
  for (const step of steps) step();
  assert.is((await reader.read()).value, '{"n":2}\n');
  assert.is((await reader.read()).done, true);
  assert.is(called?.request, '{"name":"5"}');
});

test('answers an error before the first message with its status, one after it as the last line of a cut answer', async () => {
  answers = async function* () {
    yield* [];
    throw microError(404, 'helloworld', 'nothing there');
  };
  assert.match(await errorOf(await fetch(`${base}/helloworld/stream`)), /404 nothing there/);
  answers = async function* () {
    yield '{"n":1}';
    throw microError(404, 'helloworld', 'nothing more');
  };
  const got = await raw('GET /helloworld/late HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(got, /\{"n":1\}\n[\s\S]*nothing more/);
  assert.not.match(got, /\r\n0\r\n\r\n$/);
});

test('cancels the call when the caller leaves', async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  answer = (call) =>
    new Promise((_, reject) => {
      call.options.signal?.addEventListener('abort', () => {
        resolve();
        reject(new Error('left'));
      });
      leave.abort();
    });
  const leave = new AbortController();
  await fetch(`${base}/helloworld`, { signal: leave.signal }).catch(() => undefined);
  await cancelled;
});

test('stop lets a call finish that is under way', async () => {
  const second = await startService(plugin, {
    needs: { auth, registry, client, host: { version: '1' } as Host },
    config: { address: '127.0.0.1:0' },
  });
  const at = second.instance.listeners?.()[0]?.address;
  const arrived = Promise.withResolvers<() => void>();
  answer = () => new Promise((resolve) => arrived.resolve(() => resolve('{"late":true}')));
  const response = fetch(`http://${at}/helloworld`);
  const finish = await arrived.promise;
  const stopped = second.stop();
  finish();
  assert.is(await (await response).text(), '{"late":true}');
  await stopped;
  await second.instance.stop?.(AbortSignal.timeout(1_000));
});

test.run();
