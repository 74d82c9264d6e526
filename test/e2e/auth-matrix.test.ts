/** Every endpoint of every core service, called by everybody, by the proxy, over HTTP and at the service's own listener: the answers are those of auth-matrix.ts. */

import * as assert from 'uvu/assert';

import { accessTo } from '../../internal/auth/core-access.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';
import { type Answer, openWays, type WayName, type Ways, wayNames } from '../support/ways.ts';
import {
  asks,
  type CallerName,
  callerNames,
  codeOf,
  type Endpoint,
  endpoints,
  outcomes,
  standardEndpoints,
} from './auth-matrix.ts';

const test = suite('e2e: who may call what');

let server: Server;
let admin: RpcCaller;
let ways: Ways;
const tokens = new Map<CallerName, string | undefined>();

test.before(async () => {
  server = await startServer();
  admin = await openAdminCaller(server.proxyAddress);
  ways = await openWays(server);
  // By its life of one second, while the others are made.
  const expiring = await tokenOf('admin', 'micro', 1, 'micro');
  await Promise.all([
    makeAccount('customer', 'customer', ['admin'], 'micro'),
    makeAccount('user', 'user', [], 'micro'),
    makeAccount('service', 'service', ['service'], 'micro'),
    makeAccount('foo user', 'user', [], 'foo'),
    makeAccount('foo admin', 'user', ['admin'], 'foo', 'admin'),
    makeAccount('foo service', 'service', ['service'], 'foo'),
  ]);
  for (const namespace of ['micro', 'foo']) {
    await admin.call('auth', 'Rules.List', { options: { namespace } });
    const rule = {
      id: 'matrix',
      access: 'GRANTED',
      scope: '*',
      resource: { type: 'matrix', name: 'x', endpoint: 'x' },
    };
    await admin.call('auth', 'Rules.Create', { rule, options: { namespace } });
  }
  tokens.set('nobody', undefined).set('garbage', 'garbage').set('admin', admin.token).set('expired admin', expiring);
  await poll('the token has expired', async () => {
    const answer = await ways.direct({ service: 'auth', endpoint: 'Auth.Inspect', request: { token: expiring } });
    return answer.code === 400;
  });
});

test.after(async () => {
  await ways?.close();
  await admin?.close();
  await server?.stop();
});

const tokenOf = async (id: string, secret: string, expiry: number, namespace: string): Promise<string> => {
  const login = { id, secret, token_expiry: expiry, options: { namespace } };
  const { token } = (await admin.call('auth', 'Auth.Token', login)) as { token: { access_token: string } };
  return token.access_token;
};

const makeAccount = async (
  caller: CallerName,
  type: string,
  scopes: readonly string[],
  namespace: string,
  id: string = type,
): Promise<void> => {
  const secret = 'a secret';
  await admin.call('auth', 'Auth.Generate', { id, type, scopes, secret, options: { namespace } });
  tokens.set(caller, await tokenOf(id, secret, 3_600, namespace));
};

interface Cell {
  readonly row: Endpoint;
  readonly caller: CallerName;
  readonly way: WayName;
  readonly namespace: string;
}

const answerTo = ({ row, caller, way, namespace }: Cell): Promise<Answer> => {
  const { service, endpoint, request, path } = row;
  return ways[way]({ service, endpoint, path, request: request(namespace), token: tokens.get(caller) });
};

/** Compares the whole row before it fails, so that one look shows what has moved. */
const checkRow = async (row: Endpoint): Promise<void> => {
  const faults: string[] = [];
  const cell = async (caller: CallerName, { namespace, asked }: ReturnType<typeof asks>[number]): Promise<void> => {
    const outcome = outcomes[caller][asked];
    const want = outcome === 'ok' ? `${row.gives} ${row.reason ?? ''}`.trim() : `${codeOf[outcome]} ${outcome}`;
    const used = wayNames.filter((way) => way !== 'api' || row.notOverHttp === undefined);
    const answers = await Promise.all(used.map((way) => answerTo({ row, caller, way, namespace })));
    const [first] = answers;
    for (const [i, { code, reason, id, detail }] of answers.entries()) {
      const got = `${code} ${reason}`.trim();
      if (got !== want || id !== first?.id || detail !== first.detail)
        faults.push(`${caller}, ${asked}, ${used[i]}: ${got} (${id}: ${detail}); expected ${want}`);
    }
  };
  await Promise.all(callerNames.flatMap((caller) => asks(row).map((ask) => cell(caller, ask))));
  assert.equal(faults, []);
};

for (const row of endpoints) {
  const { service, endpoint } = row;
  if (endpoint === 'Registry.Watch') continue;
  test(`${service} ${endpoint}`, () => checkRow(row));
}

test('registry Registry.Watch, told of a service that comes', async () => {
  const row = endpoints.find((e) => e.endpoint === 'Registry.Watch') as Endpoint;
  const checked = checkRow(row);
  let isDone = false;
  const done = checked.catch(() => undefined).then(() => (isDone = true));
  let beat = 0;
  await poll('everybody is answered', async () => {
    beat += 1;
    for (const domain of ['micro', 'foo']) {
      const node = { id: 'beacon-1', address: '127.0.0.1:9', metadata: { beat: String(beat) } };
      const beacon = { name: 'beacon', version: '1', nodes: [node], options: { domain, ttl: 60 } };
      await admin.call('registry', 'Registry.Register', beacon);
    }
    return isDone;
  });
  await done;
  await checked;
});

for (const row of standardEndpoints) test(`${row.service} at ${row.path}`, () => checkRow(row));

test('no endpoint is left out, and each needs what the server goes by', async () => {
  const { services } = (await admin.call('registry', 'Registry.ListServices')) as {
    services: readonly { name: string; endpoints: readonly { name: string }[] }[];
  };
  const core = services.filter((s) => s.name !== 'beacon');
  assert.equal(core.map((s) => s.name).sort(), [...new Set(endpoints.map((e) => e.service))].sort());
  const known = new Set(endpoints.map((e) => `${e.service} ${e.endpoint}`));
  for (const { name, endpoints: registered } of core)
    for (const endpoint of registered) assert.ok(known.has(`${name} ${endpoint.name}`), `${name} ${endpoint.name}`);
  for (const { service, endpoint, needs } of endpoints)
    assert.is(accessTo(service, endpoint)?.need, needs, `${service} ${endpoint}`);
});

test.run();
