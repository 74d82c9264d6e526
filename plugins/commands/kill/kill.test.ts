/** `micro kill` against a fake runtime. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { internal } from '../../../internal/contract/error.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Runtime } from '../../../internal/contract/runtime.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { run } from './kill.ts';
import { type config, type needs, plugin } from './plugin.ts';

const test = suite('micro kill');

const micro = async (args: readonly string[]): Promise<{ killed: string[]; fault: unknown }> => {
  const killed: string[] = [];
  const runtime = {
    delete: async ({ name, version }, o) => {
      if (name === 'nobody') throw internal('runtime.Runtime.Delete', 'not found');
      killed.push(`${o?.namespace} ${name}@${version}`);
    },
  } satisfies Partial<Runtime>;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { runtime: runtime as Partial<Runtime> as Runtime },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
  });
  const call = { args, flags: {}, given: new Set<string>(), rest: [], raw: [], out: {} as Output };
  const fault = await run(call, ctx).then(
    () => undefined,
    (e: unknown) => e,
  );
  return { killed, fault };
};

for (const c of [
  { name: 'the latest version', args: ['a'], want: ['mine a@latest'] },
  { name: 'a version', args: ['a@v2'], want: ['mine a@v2'] },
  { name: 'an empty version as the latest', args: ['a@'], want: ['mine a@latest'] },
  { name: 'the service of this folder', args: ['.'], want: [`mine ${basename(process.cwd())}@latest`] },
  { name: 'several, one after the other', args: ['a', 'b'], want: ['mine a@latest', 'mine b@latest'] },
])
  test(`kills ${c.name}`, async () => {
    assert.deepEqual(await micro(c.args), { killed: c.want, fault: undefined });
  });

test('stops at the first failure', async () => {
  const { killed, fault } = await micro(['a', 'nobody', 'b']);
  assert.deepEqual(killed, ['mine a@latest']);
  assert.match(String(fault), /not found/);
});

test.run();
