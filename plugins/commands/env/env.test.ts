/** Tests of the env verbs: the table's exact cells, its JSON, and a check of a server that answers, one that refuses, and one that is not there. */

import { X509Certificate } from 'node:crypto';
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
import { fingerprintOf } from '../../../internal/tls/fingerprint.ts';
import { type Issued, issueCertificate } from '../../../test/support/issue-certificate.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { startTlsFront } from '../../../test/support/tls-front.ts';
import type { Answer } from './ask-server.ts';
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
  o: {
    readonly env?: string;
    readonly format?: 'json';
    readonly flags?: Record<string, unknown>;
    readonly now?: () => number;
  } = {},
): Promise<Ran> => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out = createOutput({ stdin: new PassThrough(), stdout, stderr, format: o.format ?? 'text' });
  const call: Call = { args, flags: o.flags ?? {}, given: new Set(), rest: [], raw: args, out };
  const ctx: PluginContext<typeof config> = {
    config: { env: o.env },
    needs: {},
    log: silentLog,
    signal: new AbortController().signal,
    dataDir: home,
    now: o.now ?? Date.now,
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

const pin = `sha256:${'ab'.repeat(32)}`;

test('shows how a server is believed, and what is not checked', async () => {
  await run('env add', ['a', 'https://10.0.0.1:1'], { flags: { insecure: true, description: 'Lab' } });
  await run('env add', ['b', 'https://10.0.0.2:1'], { flags: { fingerprint: pin } });
  await run('env add', ['c', '10.0.0.3:1'], { flags: { description: 'Plain' } });
  const { stdout } = await run('env');
  assert.equal(stdout.split('\n').slice(3), [
    '  a          https://10.0.0.1:1    Lab (insecure: any certificate is accepted)',
    '  b          https://10.0.0.2:1    (pinned)',
    '  c          10.0.0.3:1            Plain',
    '',
  ]);
  const json = JSON.parse((await run('env', [], { format: 'json' })).stdout);
  assert.equal(json[4], {
    name: 'b',
    address: 'https://10.0.0.2:1',
    description: '',
    current: false,
    trust: { fingerprint: pin },
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

/** A server that knows one token and says what Debug.Health says of core services, on an address that may have TLS in front. */
const withServer = async (
  o: { readonly before?: () => Promise<{ namespace: string }>; readonly health?: object; readonly tls?: Issued },
  body: (address: string) => Promise<void>,
) => {
  const handlers = implementSome(debugApi, { 'Debug.Health': async () => ({ status: 'ok', ...o.health }) });
  const resolve = (_service: string, endpoint: string): Handler | undefined =>
    handlers.find((h) => h.endpoint === endpoint);
  const before = o.before ?? (async () => ({ namespace: 'micro' }));
  const server = createRpcServer({ resolve, before, log: silentLog });
  const plain = await server.listen('127.0.0.1:0');
  const front = o.tls === undefined ? undefined : await startTlsFront(plain, o.tls);
  try {
    await body(front === undefined ? plain : `https://${front.address}`);
  } finally {
    await front?.close();
    await server.close(AbortSignal.timeout(1_000));
  }
};

test('a server that answers is ok, also one that refuses', async () => {
  for (const before of [
    async () => ({ namespace: 'micro' }),
    () => Promise.reject(unauthorized('auth', 'Unauthorized call made to auth:Debug.Health')),
  ])
    await withServer({ before }, async (address) => {
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

test('says version, login and how far the clocks are apart', () =>
  withServer({ health: { version: 'v1.2.3', time: 100_000_000 } }, async (address) => {
    await run('env add', ['mine', address]);
    for (const [now, clock] of [
      [99_000_000, /^clock: +that of the server is 16m40s ahead of the one here$/m],
      [100_005_000, /^clock: +that of the server is 5s behind the one here$/m],
    ] as const) {
      const { stdout } = await run('env check', ['mine'], { now: () => now });
      assert.match(stdout, clock);
      assert.match(stdout, /^version: +v1\.2\.3$/m);
      assert.match(stdout, /^login: +you are not logged in to mine: micro -e mine login$/m);
      assert.not.match(stdout, /^tls|^certificate/m);
    }
    assert.not.match((await run('env check', ['mine'], { now: () => 100_001_000 })).stdout, /^clock/m);
    const json = await run('env check', ['mine'], { format: 'json', now: () => 99_999_000 });
    const [answer] = JSON.parse(json.stdout);
    assert.equal([answer.version, answer.clock_ahead_ms, answer.login.ok], ['v1.2.3', 1_000, false]);
  }));

test('an older server says nothing of itself', () =>
  withServer({}, async (address) => {
    await run('env add', ['mine', address]);
    assert.match((await run('env check', ['mine'])).stdout, /^version: +not told: an older server$/m);
  }));

test('says how a certificate is believed, and refuses one that is not with exit code 2', async () => {
  const tls = await issueCertificate('micro');
  const fingerprint = fingerprintOf(new X509Certificate(tls.cert));
  await withServer({ tls }, async (address) => {
    await run('env add', ['mine', address]);
    const refused = await run('env check', ['mine']);
    assert.is(refused.code, 2);
    assert.equal(refused.stderr.split('\n'), [
      `Failed to connect to micro server at ${address.slice(8)}: its certificate is self-signed: ${fingerprint}`,
      `compare that with the fingerprint the server prints; only if both are equal: micro env add mine ${address} --fingerprint ${fingerprint}`,
      '',
    ]);
    const [json] = JSON.parse((await run('env check', ['mine'], { format: 'json' })).stdout);
    assert.equal([json.ok, json.reason], [false, 'self_signed']);

    await run('env add', ['mine', address], { flags: { fingerprint } });
    const pinned = await run('env check', ['mine']);
    assert.equal([pinned.code, pinned.stderr], [0, '']);
    assert.match(pinned.stdout, /^tls: +TLSv1\.3, its key is pinned$/m);
    assert.match(pinned.stdout, /^certificate: +CN=micro, until \d{4}-\d\d-\d\d \((?:less than a|1) day\)$/m);
    assert.match(pinned.stdout, new RegExp(`^key: +${fingerprint}$`, 'm'));

    await run('env add', ['mine', address], { flags: { insecure: true } });
    const insecure = await run('env check', ['mine']);
    assert.is(insecure.code, 0);
    assert.match(insecure.stderr, /^warning: environment mine is insecure: the certificate of .* is not checked/);
    assert.match(insecure.stdout, /^tls: +TLSv1\.3, any certificate is accepted$/m);

    await run('env add', ['mine', address.slice(8)]);
    const plain = await run('env check', ['mine']);
    assert.is(plain.code, 2);
    assert.match(plain.stderr, /: the server expects TLS\nwith TLS: micro env add mine https:/);
  });
});

test('says that a server off this machine is spoken to in plain text', async () => {
  const { answerLines } = await import('./check-report.ts');
  const place = { environment: 'x', namespace: 'micro', stored: '', address: '10.0.0.1:8081', tls: false };
  const lines = (address: string) =>
    answerLines({ place: { ...place, address } as Answer['place'], latencyMs: 1, version: 'v1' }, 0);
  assert.equal(lines('10.0.0.1:8081'), [
    'version:      v1',
    'tls:          none: tokens and passwords go there in plain text',
  ]);
  assert.equal(lines('127.0.0.1:8081'), ['version:      v1']);
});

test.run();
