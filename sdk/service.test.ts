/** A service in a process of its own against the real core services: registered, called in every way, stopped in order. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';

import type { Started } from '../internal/contract/host.ts';
import { createHost } from '../internal/host/host.ts';
import { createRpcClient } from '../internal/rpc/client.ts';
import { plugins } from '../plugins/index.gen.ts';
import { poll } from '../test/support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../test/support/rpc.ts';
import { copyExample, oneMethodService, tempFolder, writeService } from '../test/support/service-folder.ts';
import { silentLog } from '../test/support/start-driver.ts';
import { suite } from '../test/support/suite.ts';

const test = suite('sdk/service');
const childFile = pathToFileURL(join(import.meta.dirname, 'child.ts')).href;
let dataDir: string;
let sources: string;
let core: Started;
let proxy: string;
let admin: RpcCaller;

test.before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'micro-sdk-'));
  sources = tempFolder();
  const host = createHost({
    plugins,
    profile: 'server',
    version: 'test',
    settings: { env: { MICRO_PROXY_ADDRESS: '127.0.0.1:0' } },
    log: silentLog,
    dataDir,
  });
  core = await host.start(['services/registry', 'services/store', 'services/auth', 'services/proxy']);
  proxy = core.listeners.find((l) => l.name === 'proxy')!.address;
  admin = await openAdminCaller(proxy);
});

test.after(async () => {
  await admin.close();
  await core.stop();
  for (const folder of [dataDir, sources]) rmSync(folder, { recursive: true, force: true });
});

interface RunningService {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | string>;
}

/** Starts a folder the way the runtime does: own account, own environment, own process. */
const run = async (
  name: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> => {
  const id = `${name}-${Math.random().toString(36).slice(2)}`;
  const { account } = (await admin.call('auth', 'Auth.Generate', {
    id,
    type: 'service',
    scopes: ['service'],
    options: { namespace: 'micro' },
  })) as { account: { secret: string } };
  const child = spawn(
    process.execPath,
    ['-e', `import(${JSON.stringify(childFile)}).then((m) => m.runChild(process.env));`],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env.PATH,
        MICRO_CHILD: 'service',
        MICRO_CHILD_ENTRY: join(folder, 'index.ts'),
        MICRO_PROFILE: 'service',
        MICRO_PROXY: proxy,
        MICRO_NAMESPACE: 'micro',
        MICRO_SERVICE_NAME: name,
        MICRO_SERVICE_VERSION: 'latest',
        MICRO_AUTH_ID: id,
        MICRO_AUTH_SECRET: account.secret,
        MICRO_STORE: 'sqlite',
        ...env,
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (d) => (output += d));
  const ended = new Promise<number | string>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal ?? '')),
  );
  return { child, output: () => output, ended };
};

const registered = async (
  name: string,
): Promise<
  { endpoints: { name: string }[]; nodes: { address: string; metadata: Record<string, string> }[] } | undefined
> => {
  const { services } = await admin.call('registry', 'Registry.ListServices', {});
  if (!(services as { name: string }[]).some((s) => s.name === name)) return undefined;
  const found = await admin.call('registry', 'Registry.GetService', { service: name });
  return (found.services as never[])[0];
};

const untilRegistered = (name: string, service: RunningService) =>
  poll(`${name} to register`, () => registered(name)).catch((e: Error) => {
    throw new Error(`${e.message}\n${service.output()}`);
  });

test('helloworld registers its endpoints and answers in all three ways, then leaves and exits 0', async () => {
  const service = await run('helloworld', copyExample(sources, 'helloworld'));
  const record = await untilRegistered('helloworld', service);
  assert.equal(record.endpoints.map((e) => e.name).sort(), [
    'Helloworld.Call',
    'Helloworld.PingPong',
    'Helloworld.Stream',
  ]);
  assert.is(record.nodes[0]?.metadata.grpc, 'helloworld.Helloworld');
  assert.equal(await admin.call('helloworld', 'Helloworld.Call', { name: 'John' }), { msg: 'Hello John' });

  const client = createRpcClient({});
  const stream = client.stream(proxy, '/helloworld.Helloworld/PingPong', {
    token: admin.token,
    contentType: 'application/grpc+json',
  });
  const answers: unknown[] = [];
  await stream.send(Buffer.from('{"stroke":"9007199254740993"}'));
  await stream.send(Buffer.from('{"stroke":2}'));
  stream.end();
  for await (const m of stream) answers.push(JSON.parse(Buffer.from(m).toString()));
  assert.equal(answers, [{ stroke: '9007199254740993' }, { stroke: '2' }]);
  await client.close();

  service.child.kill('SIGTERM');
  assert.is(await service.ended, 0);
  assert.is(await registered('helloworld'), undefined);
  assert.match(service.output(), /greeting/);
  assert.match(service.output(), /service stopped/);
});

test('handlers see who calls, keep records, and call on behalf of the caller', async () => {
  const helloworld = await run('helloworld', copyExample(sources, 'helloworld'));
  const body = `
    const seen = (((await ctx.store.get('seen')) as number | undefined) ?? 0) + 1;
    await ctx.store.set('seen', seen);
    const answer = await ctx.client.call('helloworld', 'Helloworld.Call', { name: req.name });
    const counts = [];
    for await (const { count } of ctx.client.stream('helloworld', 'Helloworld.Stream', { count: 2n })) counts.push(count);
    return { msg: [ctx.account?.id, ctx.namespace, seen, answer.msg, counts].join(' ') };`;
  const service = await run('caller', writeService(sources, 'caller', oneMethodService('caller', body)));
  await untilRegistered('caller', service);
  await untilRegistered('helloworld', helloworld);
  const call = () => admin.call('caller', 'Caller.Call', { name: 'a' });
  assert.equal(await call(), { msg: 'admin micro 1 Hello a 0,1' });
  assert.equal(await call(), { msg: 'admin micro 2 Hello a 0,1' });
  const kept = await admin.call('store', 'Store.Read', {
    key: 'seen',
    options: { database: 'micro', table: 'caller' },
  });
  assert.is(Buffer.from((kept.records as { value: string }[])[0]?.value ?? '', 'base64').toString(), '2');
  service.child.kill('SIGTERM');
  helloworld.child.kill('SIGINT');
  assert.equal([await service.ended, await helloworld.ended], [0, 0]);
});

test('a call in flight is answered after SIGTERM, and nothing new is sent there', async () => {
  const body = `
    ctx.log.info('working');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return { msg: 'done' };`;
  const service = await run('slow', writeService(sources, 'slow', oneMethodService('slow', body)));
  await untilRegistered('slow', service);
  const answer = admin.call('slow', 'Slow.Call', {});
  await poll('the handler to work', () => service.output().includes('working'));
  service.child.kill('SIGTERM');
  assert.equal(await answer, { msg: 'done' });
  assert.is(await service.ended, 0);
  assert.is(await registered('slow'), undefined);
});

test('what the runtime says of name and address wins; a second stop and timers of the author do not hold it', async () => {
  const files = oneMethodService('greeter', `return { msg: 'x' };`);
  const folder = writeService(sources, 'other', {
    ...files,
    'index.ts': `setInterval(() => {}, 1_000);\n${files['index.ts']}`,
  });
  const service = await run('renamed', folder, { MICRO_SERVICE_ADDRESS: '127.0.0.1:0' });
  await untilRegistered('renamed', service);
  assert.equal(await admin.call('renamed', 'Greeter.Call', {}), { msg: 'x' });
  service.child.kill('SIGTERM');
  assert.is(await service.ended, 0);
});

for (const c of [
  {
    name: 'without a server',
    env: { MICRO_PROXY: '' },
    want: /service odd has no server to talk to: start it with `micro run \.`/,
  },
  { name: 'without a proto', files: { 'odd.proto': undefined }, want: /no \.proto file in / },
  {
    name: 'with a faulty proto',
    files: { 'odd.proto': 'syntax = "proto3";\nservice Odd {\n  rpc Call(Nothing) returns (Nothing)\n}\n' },
    want: /odd\.proto:\d+: /,
  },
  {
    name: 'with a handler that is in no proto',
    replace: ['async call(', 'async cal('],
    want: /handlers\.Odd\.cal: service Odd in .*odd\.proto has no such method, it has Call/,
  },
])
  test(`a service ${c.name} ends with code 1 and says why, where first`, async () => {
    const files: Record<string, string | undefined> = { ...oneMethodService('odd', 'return {};'), ...c.files };
    if (c.replace) files['index.ts'] = files['index.ts']?.replace(c.replace[0]!, c.replace[1]!);
    rmSync(join(sources, 'odd'), { recursive: true, force: true });
    const given = Object.fromEntries(Object.entries(files).filter((f): f is [string, string] => f[1] !== undefined));
    const service = await run('odd', writeService(sources, 'odd', given), c.env);
    assert.is(await service.ended, 1);
    assert.match(service.output(), c.want);
    assert.match(service.output(), /^(index\.ts:\d+:\d+: )?\w*Error: /);
  });

test.run();
