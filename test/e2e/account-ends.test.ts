/**
 * Changes of accounts and rules on a running system: the open calls of an account that ends are cut at once, wherever they come in, and nobody else's are; rules
 * count at once. Proxy and API of the server, proxy and API in processes of their own, and a service's own port.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import * as assert from 'uvu/assert';

import { openSession } from '../conformance/raw-grpc.ts';
import { freePort } from '../support/free-port.ts';
import { type HeldCall, holdGrpc, holdHttp } from '../support/open-calls.ts';
import { startOutside } from '../support/outside-service.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { microCommand, type Server, startServer } from '../support/server.ts';
import { tempFolder, writeService } from '../support/service-folder.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: accounts end, rules change');

const tickerCalled = (name: string) => ({
  'package.json': `{ "name": "${name}", "private": true, "type": "module" }\n`,
  [`${name}.proto`]: `syntax = "proto3";

package ${name};

service Ticker {
  rpc Tick(Message) returns (stream Message);
  rpc Echo(stream Message) returns (stream Message);
  rpc Wait(Message) returns (Message);
  rpc Held(Message) returns (Message);
}

message Message {
  string text = 1;
}
`,
  'index.ts': `import { setTimeout as sleep } from 'node:timers/promises';
import { service } from 'micro';

const held = new Map<string, number>();
const count = (who: string, by: number): void => void held.set(who, (held.get(who) ?? 0) + by);
const whoOf = (ctx: { account?: { id: string } }): string => ctx.account?.id ?? 'nobody';

await service({
  name: '${name}',
  handlers: {
    Ticker: {
      async *tick(_: object, ctx) {
        count(whoOf(ctx), 1);
        try {
          for (;;) {
            yield { text: 'tick' };
            await sleep(50, undefined, { signal: ctx.signal });
          }
        } finally {
          count(whoOf(ctx), -1);
        }
      },
      async *echo(messages: AsyncIterable<{ text: string }>, ctx) {
        count(whoOf(ctx), 1);
        try {
          for await (const message of messages) yield message;
        } finally {
          count(whoOf(ctx), -1);
        }
      },
      async wait(_: object, ctx) {
        count(whoOf(ctx), 1);
        try {
          await sleep(600_000, undefined, { signal: ctx.signal });
        } finally {
          count(whoOf(ctx), -1);
        }
        return { text: 'over' };
      },
      held: (req: { text: string }) => ({ text: String(held.get(req.text) ?? 0) }),
    },
  },
}).run();
`,
});

const accounts = ['deleted', 'changed', 'stays', 'late'] as const;
type AccountName = (typeof accounts)[number];
/** Those that the first test is about. */
const ending = ['deleted', 'changed', 'stays'] as const;

let server: Server;
let admin: RpcCaller;
let sources: string;
let home: string;
const processes: ChildProcess[] = [];
const sessions: ClientHttp2Session[] = [];
const tokens = new Map<AccountName, string>();
/** Where gRPC calls and HTTP requests go, by name. */
const grpcWays = new Map<string, ClientHttp2Session>();
const httpWays = new Map<string, string>();

const session = (address: string): ClientHttp2Session => {
  const opened = openSession(address);
  sessions.push(opened);
  return opened;
};

/** `micro service NAME` beside the server; resolves with its address. It becomes ready later. */
const startGateway = async (name: 'proxy' | 'api'): Promise<string> => {
  const address = `127.0.0.1:${await freePort()}`;
  const [command, before] = microCommand();
  const args = [...before, 'service', name, `--address=${address}`];
  processes.push(
    spawn(command, args, { env: server.env as NodeJS.ProcessEnv, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  return address;
};

/** Its token. */
const newAccount = async (id: string): Promise<string> => {
  await admin.call('auth', 'Auth.Generate', { id, secret: 's', scopes: [id] });
  const { token } = (await admin.call('auth', 'Auth.Token', { id, secret: 's', token_expiry: 3_600 })) as {
    token: { access_token: string };
  };
  return token.access_token;
};

const nodeOf = async (service: string): Promise<string> => {
  const found = await admin.call('registry', 'Registry.GetService', { service });
  const [version] = (found as { services: readonly { nodes: readonly { address: string }[] }[] }).services;
  return version?.nodes[0]?.address ?? '';
};

test.before(async () => {
  sources = tempFolder();
  home = tempFolder();
  server = await startServer({ home });
  admin = await openAdminCaller(server.proxyAddress);
  const [ownProxy, ownApi] = [await startGateway('proxy'), await startGateway('api')];
  await ok(server, ['run', '--wait', writeService(sources, 'ticker', tickerCalled('ticker'))]);
  grpcWays.set('proxy', session(server.proxyAddress)).set('direct', session(await nodeOf('ticker')));
  httpWays.set('api', server.apiAddress).set('own api', ownApi);
  // Without the public rule a token that is of no use is no way in.
  const resource = { type: 'service', name: '*', endpoint: '*' };
  await admin.call('auth', 'Rules.Create', { rule: { id: 'accounts', scope: '*', access: 'GRANTED', resource } });
  await admin.call('auth', 'Rules.Delete', { id: 'default' });
  for (const id of accounts) {
    tokens.set(id, await newAccount(id));
  }
  await poll('the proxy of its own', async () => {
    const opened = session(ownProxy);
    const call = holdGrpc(opened, { ...ask('stays', 'Ticker.Held'), token: admin.token });
    await poll('an answer', () => call.end() !== undefined, 5_000);
    if (call.end()?.text !== 'ok') return false;
    grpcWays.set('own proxy', opened);
    return true;
  });
});

test.after(async () => {
  for (const one of sessions) one.destroy();
  for (const one of processes) {
    const ended = once(one, 'exit');
    one.kill('SIGTERM');
    await ended;
  }
  await admin?.close();
  await server?.stop();
  for (const folder of [sources, home]) rmSync(folder, { recursive: true, force: true });
});

const ask = (account: AccountName, endpoint: string, service = 'ticker') => ({
  service,
  endpoint,
  token: tokens.get(account) ?? '',
  request: endpoint === 'Registry.Watch' ? {} : { text: account },
});

interface Held {
  readonly name: string;
  readonly account: AccountName;
  readonly kind: 'goes on' | 'answers' | 'waits';
  readonly call: HeldCall;
}

/** Every kind of call by every way; calls to a core service are answered in the process of the proxy, or relayed to it. */
const hold = (account: AccountName): readonly Held[] => {
  const grpc = [...grpcWays].flatMap(([way, to]): readonly Held[] => [
    { name: `${way}: stream`, account, kind: 'goes on', call: holdGrpc(to, ask(account, 'Ticker.Tick')) },
    { name: `${way}: conversation`, account, kind: 'answers', call: holdGrpc(to, ask(account, 'Ticker.Echo')) },
    { name: `${way}: one answer`, account, kind: 'waits', call: holdGrpc(to, ask(account, 'Ticker.Wait')) },
  ]);
  const core = [...grpcWays]
    .filter(([way]) => way !== 'direct')
    .map(([way, to]): Held => {
      const call = holdGrpc(to, ask(account, 'Registry.Watch', 'registry'));
      return { name: `${way}: core stream`, account, kind: 'waits', call };
    });
  const http = [...httpWays].flatMap(([way, to]): readonly Held[] => [
    { name: `${way}: stream`, account, kind: 'goes on', call: holdHttp(to, ask(account, 'Ticker.Tick')) },
    { name: `${way}: one answer`, account, kind: 'waits', call: holdHttp(to, ask(account, 'Ticker.Wait')) },
  ]);
  return [...grpc, ...core, ...http];
};

const heldAt = async (account: AccountName): Promise<number> =>
  Number((await admin.call('ticker', 'Ticker.Held', { text: account })).text);

/** Those that ended otherwise than so; a word for those that are open. */
const notEnded = (held: readonly Held[], reason: string): readonly string[] =>
  held
    .filter(({ call }) => call.end()?.code !== 401 || call.end()?.reason !== reason)
    .map(({ name, call }) => `${name}: ${call.end()?.text ?? 'open'}`);

const untilCut = async (held: readonly Held[], reason: string): Promise<void> => {
  await poll(`the end of all`, () => held.every(({ call }) => call.end() !== undefined)).catch(() => undefined);
  assert.equal(notEnded(held, reason), []);
};

/** They are open, and what can say something says more. */
const goOn = async (held: readonly Held[]): Promise<void> => {
  for (const { name, kind, call } of held) {
    assert.is(call.end()?.text, undefined, name);
    const before = call.received();
    if (kind === 'answers') call.send({ text: 'more' });
    if (kind !== 'waits') await poll(`${name} goes on`, () => call.received() > before);
  }
};

test(
  'an account that ends takes its open calls with it, and no other',
  async () => {
    const all = ending.flatMap(hold);
    const of = (account: AccountName): readonly Held[] => all.filter((held) => held.account === account);
    try {
      for (const { name, account, kind, call } of all)
        if (kind !== 'waits') await poll(`${account}, ${name}: ${call.end()?.text}`, () => call.received() > 0);
      const handlers = of('stays').filter(({ name }) => !name.includes('core')).length;
      for (const account of ending)
        await poll(`the handlers of ${account}`, async () => (await heldAt(account)) === handlers);

      await admin.call('auth', 'Accounts.Delete', { id: 'deleted' });
      await untilCut(of('deleted'), 'ended_account');
      await goOn([...of('changed'), ...of('stays')]);
      await admin.call('auth', 'Accounts.ChangeSecret', { id: 'changed', new_secret: 'n' });
      await untilCut(of('changed'), 'changed_secret');
      await goOn(of('stays'));
      for (const account of ['deleted', 'changed'] as const)
        await poll(`no handler of ${account}`, async () => (await heldAt(account)) === 0);
      assert.is(await heldAt('stays'), handlers);

      const late = (['deleted', 'changed'] as const).map((account) => ({ account, held: hold(account) }));
      await untilCut(late[0]!.held, 'ended_account');
      await untilCut(late[1]!.held, 'changed_secret');
    } finally {
      for (const { call } of all) call.close();
    }
  },
  { limitMs: 90_000 },
);

test(
  'a rule counts at once when it is made, and no more when it is deleted',
  async () => {
    const answers = async (): Promise<readonly string[]> => {
      const calls = [
        ...[...grpcWays].map(([way, to]) => ({ way, call: holdGrpc(to, ask('stays', 'Ticker.Held')) })),
        ...[...httpWays].map(([way, to]) => ({ way, call: holdHttp(to, ask('stays', 'Ticker.Held')) })),
      ];
      await poll('all answers', () => calls.every(({ call }) => call.end() !== undefined));
      return calls.map(({ way, call }) => `${way} ${call.end()?.reason ?? 'ok'}`);
    };
    const ways = [...grpcWays.keys(), ...httpWays.keys()];
    const all = async (word: string): Promise<void> => {
      const want = ways.map((way) => `${way} ${word}`).join(', ');
      let last = '';
      const look = async (): Promise<boolean> => {
        last = (await answers()).join(', ');
        return last === want;
      };
      await poll(want, look).catch(() => undefined);
      assert.is(last, want);
    };
    await all('ok');
    const resource = { type: 'service', name: 'ticker', endpoint: 'Ticker.Held' };
    const rule = { id: 'closed', scope: 'stays', access: 'DENIED', priority: 30, resource };
    await admin.call('auth', 'Rules.Create', { rule });
    await all('rule_denied');
    await admin.call('auth', 'Rules.Delete', { id: 'closed' });
    await all('ok');
  },
  { limitMs: 90_000 },
);

test('who opened a change of the secret before is shut out like everybody, who makes one gets the answer', async () => {
  const token = await newAccount('owner');
  const call = { service: 'auth', endpoint: 'Accounts.ChangeSecret', token };
  const change = { id: 'owner', old_secret: 's', new_secret: 'n' };
  const waiting = [...grpcWays].filter(([way]) => way !== 'direct').map(([, to]) => holdGrpc(to, call));
  // A second call on each connection is answered after the first one was opened.
  for (const [way, to] of grpcWays) {
    const probe = holdGrpc(to, { ...ask('stays', 'Ticker.Held') });
    await poll(`an answer by ${way}`, () => probe.end() !== undefined);
  }
  const made = holdGrpc(grpcWays.get('own proxy')!, { ...call, request: change });
  await poll('the answer', () => made.end() !== undefined);
  assert.is(made.end()?.text, 'ok');
  for (const one of waiting) {
    await poll('the end of the one that waits', () => one.end() !== undefined);
    assert.is(one.end()?.reason, 'changed_secret', one.end()?.text);
  }
});

test(
  'calls go on over a restart of the server, and end with their account after it',
  async () => {
    const folder = writeService(sources, 'outside', tickerCalled('outside'));
    processes.push(await startOutside(server, 'outside', folder));
    const address = await poll('the outside service', () => nodeOf('outside').catch(() => undefined));
    const direct = session(address);
    const held = (['late', 'stays'] as const).flatMap((account): readonly Held[] => [
      { name: 'direct', account, kind: 'goes on', call: holdGrpc(direct, ask(account, 'Ticker.Tick', 'outside')) },
      {
        name: 'own proxy',
        account,
        kind: 'goes on',
        call: holdGrpc(grpcWays.get('own proxy')!, ask(account, 'Ticker.Tick', 'outside')),
      },
    ]);
    await goOn(held);
    await admin.close();
    await server.stop();
    server = await server.restart();
    admin = await openAdminCaller(server.proxyAddress);
    await goOn(held);
    await admin.call('auth', 'Accounts.Delete', { id: 'late' });
    await untilCut(held.slice(0, 2), 'ended_account');
    await goOn(held.slice(2));
    for (const { call } of held) call.close();
  },
  { limitMs: 90_000 },
);

test.run();
