/** The account of a managed service over every kind of end: of its process, of the server, of the key that signs its tokens, and of the service. Linux only, since it looks at /proc. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { createRpcClient } from '../../internal/rpc/client.ts';
import { poll } from '../support/poll.ts';
import { processesWith } from '../support/processes.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: service accounts');

/** It calls the store with its own token. */
const teller = oneMethodService(
  'teller',
  `await ctx.store.set('last', req.name);
        return { msg: JSON.stringify({ pid: process.pid, kept: await ctx.store.get('last') }) };`,
);

interface Told {
  readonly pid: number;
  /** What it was started with, and has itself forgotten. */
  readonly secret: string;
  readonly kept: string;
}

const ask = async (admin: RpcCaller, name: string): Promise<Told> => {
  const { msg } = await admin.call('teller', 'Teller.Call', { name });
  const told = JSON.parse(String(msg)) as Omit<Told, 'secret'>;
  assert.is(told.kept, name);
  const started = processesWith('MICRO_SERVICE_NAME', 'teller').find(({ pid }) => pid === told.pid);
  const entry = started?.environment.find((e) => e.startsWith('MICRO_AUTH_SECRET=')) ?? '';
  return { ...told, secret: entry.slice(entry.indexOf('=') + 1) };
};

/** What becomes of a login with the account of the service. */
const logIn = async (admin: RpcCaller, secret: string): Promise<string> => {
  try {
    await admin.call('auth', 'Auth.Token', { id: 'teller-latest', secret });
    return 'ok';
  } catch (e) {
    return (e as { detail: string }).detail;
  }
};

const serviceAccounts = async (admin: RpcCaller): Promise<readonly string[]> => {
  const { accounts } = (await admin.call('auth', 'Accounts.List')) as { accounts: { id: string; type: string }[] };
  return accounts.filter((a) => a.type === 'service').map((a) => a.id);
};

/** A stream of a core service that would never end by itself; `ended` is the reason why it did. */
const openWatch = async (
  server: Server,
  admin: RpcCaller,
): Promise<{ ended: Promise<unknown>; close(): Promise<void> }> => {
  const client = createRpcClient({});
  const options = { token: admin.token, namespace: 'micro', contentType: 'application/grpc+json' } as const;
  const stream = client.stream(server.proxyAddress, '/registry.Registry/Watch', options);
  await stream.send(Buffer.from('{"service":"beacon"}'));
  const messages = stream[Symbol.asyncIterator]();
  let isOpen = false;
  const first = messages.next().then(() => {
    isOpen = true;
  });
  let beat = 0;
  await poll('the watch to be open', async () => {
    beat += 1;
    const nodes = [{ id: 'beacon-1', address: '127.0.0.1:9', metadata: { beat: String(beat) } }];
    await admin.call('registry', 'Registry.Register', { name: 'beacon', version: '1', nodes, options: { ttl: 60 } });
    return isOpen;
  });
  await first;
  const drain = async (): Promise<unknown> => {
    try {
      while (!(await messages.next()).done);
      return 'no reason';
    } catch (e) {
      return (e as { reason?: string }).reason;
    }
  };
  return { ended: drain(), close: () => client.close() };
};

test(
  'it serves while the service lives, and no longer',
  async () => {
    if (process.platform !== 'linux') return;
    const [sources, home] = [tempFolder(), tempFolder()];
    let server: Server = await startServer({ home });
    let admin = await openAdminCaller(server.proxyAddress);
    try {
      await ok(server, ['run', writeService(sources, 'teller', teller)]);
      await untilStatus(server, 'teller', /running/);
      const first = await ask(admin, 'first');
      assert.equal(await serviceAccounts(admin), ['teller-latest']);
      assert.is(await logIn(admin, first.secret), 'ok');

      process.kill(first.pid, 'SIGKILL');
      const crashed = await poll(
        'the service to come back',
        () => ask(admin, 'crashed').catch(() => undefined),
        20_000,
      );
      assert.is.not(crashed.pid, first.pid);
      assert.is(crashed.secret, first.secret, 'its tokens of before still count');

      await admin.call('auth', 'Keys.Rotate');
      await ask(admin, 'rotated');
      const watch = await openWatch(server, admin);
      await admin.call('auth', 'Keys.Rotate', { end_old_tokens: true });
      assert.is(await watch.ended, 'wrong_environment', 'open calls end with the tokens they came with');
      await watch.close();
      await admin.close();
      admin = await openAdminCaller(server.proxyAddress);
      assert.is((await ask(admin, 'rotated again')).pid, crashed.pid, 'it has found out by itself');
      await admin.close();

      await server.kill9();
      server = await server.restart();
      admin = await openAdminCaller(server.proxyAddress);
      await untilStatus(server, 'teller', /running/);
      const restarted = await ask(admin, 'restarted');
      assert.equal(await serviceAccounts(admin), ['teller-latest']);
      assert.is(await logIn(admin, first.secret), 'Secret not correct', 'what a dead server gave out is worth nothing');
      assert.is(await logIn(admin, restarted.secret), 'ok');

      await ok(server, ['kill', 'teller']);
      await poll('its account to go', async () => (await serviceAccounts(admin)).length === 0);
      assert.is(await logIn(admin, restarted.secret), 'Account not found with this ID');
    } finally {
      await admin.close();
      await server.stop();
      for (const folder of [sources, home]) rmSync(folder, { recursive: true, force: true });
    }
  },
  { limitMs: 120_000 },
);

test.run();
