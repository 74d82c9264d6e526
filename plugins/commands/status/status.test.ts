/** `micro status` against a fake runtime: the table, its order, ages and errors. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import type { Output } from '../../../internal/contract/output.ts';
import type { Runtime, RuntimeService } from '../../../internal/contract/runtime.ts';
import { createOutput } from '../../../internal/cli/output.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { type config, type needs, plugin } from './plugin.ts';
import { run } from './status.ts';

const now = Date.parse('2030-01-01T00:00:00Z');

const service = (name: string, o: Partial<RuntimeService> = {}): RuntimeService => ({
  name,
  version: 'latest',
  source: `source://${name}:latest`,
  status: 'running',
  metadata: { owner: 'admin', group: 'micro', started: '2029-12-31T23:59:56Z', build: '0123456789abcdef' },
  ...o,
});

const micro = async (
  services: readonly RuntimeService[],
  args: readonly string[] = [],
  format: Output['format'] = 'text',
) => {
  const stdout = new PassThrough();
  let asked: unknown;
  const runtime = {
    read: async (o: unknown) => {
      asked = o;
      return services;
    },
  } as Partial<Runtime> as Runtime;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { runtime },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
    now: () => now,
  });
  const out = createOutput({ stdin: new PassThrough(), stdout, stderr: new PassThrough(), format });
  await run({ args, flags: {}, given: new Set(), rest: [], raw: [], out }, ctx);
  const { signal: _signal, ...question } = asked as { signal: AbortSignal };
  return { stdout: String(stdout.read() ?? ''), question: JSON.parse(JSON.stringify(question)) };
};

const test = suite('micro status');

test('prints nothing when nothing runs', async () => {
  assert.equal((await micro([])).stdout, '');
});

test('prints a row per version, sorted, with ages and owners', async () => {
  const { stdout } = await micro([
    service('b', { version: 'v2', metadata: { source: 'github.com/x/b' } }),
    service('b', { version: 'v1', status: 'starting', metadata: {}, source: '' }),
    service('a'),
  ]);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\t+/));
  assert.deepEqual(rows, [
    ['NAME', 'VERSION', 'SOURCE', 'STATUS', 'BUILD', 'UPDATED', 'METADATA'],
    ['a', 'latest', 'source://a:latest', 'running', '0123456', '4s ago', 'owner=admin, group=micro'],
    ['b', 'v1', 'n/a', 'starting', 'n/a', 'unknown', 'owner=n/a, group=n/a'],
    ['b', 'v2', 'github.com/x/b', 'running', 'n/a', 'unknown', 'owner=n/a, group=n/a'],
  ]);
});

test('shows the error on one line, and how often it was started again', async () => {
  const metadata = { owner: 'admin', group: 'micro', error: 'index.ts:3:7: wrong\nindex.ts:4:1: worse', restarts: '2' };
  const { stdout } = await micro([service('a', { status: 'error', metadata })]);
  assert.match(stdout, /owner=admin, group=micro, restarts=2, error=index\.ts:3:7: wrong index\.ts:4:1: worse\n$/);
  assert.match((await micro([service('a', { status: 'error', metadata: {} })])).stdout, /error=n\/a\n$/);
});

for (const c of [
  { name: 'everything of the namespace', args: [], want: {} },
  {
    name: 'one service in its latest version',
    args: ['helloworld'],
    want: { service: 'helloworld', version: 'latest' },
  },
  { name: 'one version', args: ['helloworld', 'v2'], want: { service: 'helloworld', version: 'v2' } },
  { name: 'a version behind an @', args: ['helloworld@v3'], want: { service: 'helloworld', version: 'v3' } },
  { name: 'a folder by its name', args: ['../x/helloworld/'], want: { service: 'helloworld', version: 'latest' } },
])
  test(`asks for ${c.name}`, async () => {
    assert.deepEqual((await micro([], c.args)).question, { namespace: 'mine', ...c.want });
  });

test('gives everything as JSON', async () => {
  const { stdout } = await micro([service('a')], [], 'json');
  assert.deepEqual(JSON.parse(stdout), [
    {
      name: 'a',
      version: 'latest',
      source: 'source://a:latest',
      status: 'running',
      metadata: { owner: 'admin', group: 'micro', started: '2029-12-31T23:59:56Z', build: '0123456789abcdef' },
    },
  ]);
  assert.deepEqual(JSON.parse((await micro([], [], 'json')).stdout), []);
});

test.run();
