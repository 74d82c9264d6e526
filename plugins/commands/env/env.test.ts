/** Tests of the env verbs: the table's exact cells, its JSON, and a check of a server that answers, one that refuses, and one that is not there. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';

import { createOutput } from '../../../internal/cli/output.ts';
import { unauthorized } from '../../../internal/contract/error.ts';
import type { Handler } from '../../../internal/contract/handler.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { createRpcServer } from '../../../internal/rpc/server.ts';
import { debugApi } from '../../../internal/schema/core/debug.ts';
import { implementSome } from '../../../internal/schema/implement.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import type { config } from './plugin.ts';
import { plugin } from './plugin.ts';

const test = suite('commands/env');
const home = mkdtempSync(join(tmpdir(), 'micro-test-'));
const oldHome = process.env.HOME;
test.before(() => {
  process.env.HOME = home;
});
test.each(() => rmSync(join(home, '.micro'), { recursive: true, force: true }));
test.after(() => {
  process.env.HOME = oldHome;
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | undefined;
}

const run = async (
  words: string,
  args: readonly string[] = [],
  o: { readonly env?: string; readonly format?: 'json' } = {},
): Promise<Ran> => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out = createOutput({ stdin: new PassThrough(), stdout, stderr, format: o.format ?? 'text' });
  const call: Call = { args, flags: {}, given: new Set(), rest: [], raw: args, out };
  const ctx: PluginContext<typeof config> = {
    config: { env: o.env },
    needs: {},
    log: silentLog,
    signal: new AbortController().signal,
    dataDir: home,
    now: Date.now,
  };
  const verb = plugin.verbs.find((v) => v.words === words);
  const code = await (await verb?.load())?.run(call, ctx);
  stdout.end();
  stderr.end();
  return { stdout: await text(stdout), stderr: await text(stderr), code: code ?? undefined };
};

test('lists as v3 does, the current one marked', async () => {
  await run('env add', ['foo', '10.0.0.1:8081']);
  await run('env add', ['bare']);
  const { stdout } = await run('env');
  assert.equal(stdout.split('\n'), [
    '* local      127.0.0.1:8081    Local running Micro Server',
    '  dev        proxy.m3o.dev     Cloud hosted development environment',
    '  platform   proxy.m3o.com     Cloud hosted Micro Platform',
    '  bare       none              ',
    '  foo        10.0.0.1:8081     ',
    '',
  ]);
  assert.is((await run('env list')).stdout, stdout);
  assert.match((await run('env', [], { env: 'foo' })).stdout, /^\* foo {8}10/m);
});

test('lists as JSON', async () => {
  const { stdout } = await run('env', [], { format: 'json', env: 'dev' });
  assert.equal(JSON.parse(stdout)[1], {
    name: 'dev',
    address: 'proxy.m3o.dev',
    description: 'Cloud hosted development environment',
    current: true,
  });
});

test('sets, gets and deletes silently', async () => {
  assert.is((await run('env add', ['foo', 'x:1'])).stdout, '');
  assert.is((await run('env set', ['foo'])).stdout, '');
  assert.is((await run('env get')).stdout, 'foo\n');
  assert.is((await run('env get', [], { env: 'other' })).stdout, 'other\n');
  await run('env set', ['local']);
  assert.is((await run('env del', ['foo'])).stdout, '');
  assert.not.match((await run('env')).stdout, /foo/);
});

const withServer = async (before: () => Promise<{ namespace: string }>, body: (address: string) => Promise<void>) => {
  const health = implementSome(debugApi, { 'Debug.Health': async () => ({ status: 'ok' }) });
  const resolve = (_service: string, endpoint: string): Handler | undefined =>
    health.find((h) => h.endpoint === endpoint);
  const server = createRpcServer({ resolve, before, log: silentLog });
  try {
    await body(await server.listen('127.0.0.1:0'));
  } finally {
    await server.close(AbortSignal.timeout(1_000));
  }
};

test('a server that answers is ok, also one that refuses', async () => {
  for (const before of [
    async () => ({ namespace: 'micro' }),
    () => Promise.reject(unauthorized('auth', 'Unauthorized call made to auth:Debug.Health')),
  ])
    await withServer(before, async (address) => {
      await run('env add', ['mine', address]);
      const { stdout, code } = await run('env check', ['mine']);
      assert.match(stdout, new RegExp(`^mine\\s+${address}\\s+ok\\s+\\d+ms$`, 'm'));
      assert.is(code, 0);
    });
});

test('a server that is not there is failed, with the reason and exit code 1', async () => {
  await run('env add', ['gone', '127.0.0.1:1']);
  const { stdout, stderr, code } = await run('env check', [], { env: 'gone' });
  assert.match(stdout, /^gone\s+127\.0\.0\.1:1\s+failed/m);
  assert.match(stderr, /refused/);
  assert.is(code, 1);
  const json = await run('env check', ['gone'], { format: 'json' });
  assert.is(JSON.parse(json.stdout)[0].ok, false);
  assert.match(JSON.parse(json.stdout)[0].error, /refused/);
});

test.run();
