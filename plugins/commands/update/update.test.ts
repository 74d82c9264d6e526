/** `micro update` against a fake runtime: which folder goes up, and for which service. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitError, internal } from '../../../internal/contract/error.ts';
import type { Values } from '../../../internal/contract/field.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Runtime, RuntimeService } from '../../../internal/contract/runtime.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { type config, type flags, type needs, plugin } from './plugin.ts';
import { run } from './update.ts';

const test = suite('micro update');
const parent = mkdtempSync(join(tmpdir(), 'micro-update-'));
const folder = join(parent, 'helloworld');
mkdirSync(folder);
writeFileSync(join(folder, 'index.ts'), 'export {};\n');
test.after(() => rmSync(parent, { recursive: true, force: true }));

const running: RuntimeService = {
  name: 'greeter',
  version: 'v2',
  source: 'source://greeter:v2',
  status: 'running',
  metadata: { source: folder },
};

const micro = async (source: string, given: Partial<Values<typeof flags>> = {}, fault?: Error) => {
  const calls: unknown[] = [];
  const runtime = {
    upload: async (service, archive) => {
      for await (const _ of archive);
      calls.push({ upload: service });
      return 'source://uploaded';
    },
    read: async (o) => (o?.service === 'greeter' ? [running] : []),
    update: async (service, { signal: _signal, ...options } = {}) => {
      if (fault) throw fault;
      calls.push({ update: service, options: JSON.parse(JSON.stringify(options)) });
    },
  } satisfies Partial<Runtime>;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { runtime: runtime as Partial<Runtime> as Runtime },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
  });
  const out = { format: 'text' } as Partial<Output> as Output;
  await run({ args: [source], flags: given, given: new Set(), rest: [], raw: [], out }, ctx);
  return calls;
};

const metadata = { source: folder };
const options = { namespace: 'mine' };
const source = 'source://uploaded';

for (const c of [
  { name: 'a folder by its name', source: folder, flags: {}, ref: { name: 'helloworld', version: 'latest' } },
  { name: 'a folder under another name', source: folder, flags: { name: 'x' }, ref: { name: 'x', version: 'latest' } },
  { name: 'a folder as another version', source: folder, flags: { name: 'x@v3' }, ref: { name: 'x', version: 'v3' } },
  { name: 'a service from its own folder', source: 'greeter@v2', flags: {}, ref: { name: 'greeter', version: 'v2' } },
])
  test(`updates ${c.name}`, async () => {
    assert.deepEqual(await micro(c.source, c.flags), [
      { upload: c.ref },
      { update: { ...c.ref, source, metadata }, options },
    ]);
  });

test('refuses what is neither a folder nor running', async () => {
  for (const name of ['nobody', 'greeter@v9', join(parent, 'nowhere')])
    await assert.rejects(micro(name), (e) => e instanceof ExitError && e.exitCode === 1 && e.message.includes(name));
});

test('leaves errors of the server as they are', async () => {
  const fault = internal('runtime.Runtime.Update', 'not found');
  await assert.rejects(micro(folder, {}, fault), (e) => e === fault);
});

test.run();
