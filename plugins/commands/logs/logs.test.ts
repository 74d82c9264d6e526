/** `micro logs` against a fake runtime: what it asks for, its two forms, and v3's words for faults. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitError, internal, notFound, unauthorized } from '../../../internal/contract/error.ts';
import type { Values } from '../../../internal/contract/field.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { LogRecord, Runtime } from '../../../internal/contract/runtime.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { run } from './logs.ts';
import { type config, type flags, type needs, plugin } from './plugin.ts';

const records: readonly LogRecord[] = [
  { timestamp: 1, message: 'one', metadata: { stream: 'stdout' } },
  { timestamp: 2, message: 'two', metadata: {} },
];

const micro = async (
  args: readonly string[],
  o: { flags?: Partial<Values<typeof flags>>; fault?: unknown; format?: Output['format']; signal?: AbortSignal } = {},
) => {
  let stdout = '';
  let asked: unknown;
  const runtime = {
    logs: async function* (service: unknown, options: { signal?: AbortSignal }) {
      const { signal: _signal, ...rest } = options;
      asked = { ...(service as object), ...rest };
      if (o.fault !== undefined) throw o.fault;
      yield* records;
    },
  } as Partial<Runtime> as Runtime;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { runtime },
    dataDir: tmpdir(),
    signal: o.signal ?? new AbortController().signal,
  });
  const out = {
    format: o.format ?? 'text',
    line: (text: string) => (stdout += `${text}\n`),
  } as Partial<Output> as Output;
  const call = { args, flags: { lines: 15, ...o.flags }, given: new Set<string>(), rest: [], raw: [], out };
  return { code: await run(call, ctx), stdout, asked };
};

const test = suite('micro logs');

test('prints the messages of the latest version, fifteen at most', async () => {
  const { code, stdout, asked } = await micro(['helloworld']);
  assert.equal(code, 0);
  assert.equal(stdout, 'one\ntwo\n');
  assert.deepEqual(asked, { name: 'helloworld', version: 'latest', namespace: 'mine', lines: 15, follow: false });
});

test('asks for a version, a number of lines and to follow', async () => {
  const { asked } = await micro(['helloworld@v2'], { flags: { lines: 3, follow: true } });
  assert.deepEqual(asked, { name: 'helloworld', version: 'v2', namespace: 'mine', lines: 3, follow: true });
  assert.equal(((await micro(['a'], { flags: { lines: 0 } })).asked as { lines: number }).lines, 15);
});

for (const c of [
  { name: 'its own flag', o: { flags: { output: 'json' } } },
  { name: 'the global one', o: { format: 'json' as const } },
])
  test(`prints one JSON object per line with ${c.name}`, async () => {
    assert.equal(
      (await micro(['a'], c.o)).stdout,
      '{"Message":"one","Metadata":{"stream":"stdout"}}\n{"Message":"two","Metadata":null}\n',
    );
  });

const isExit =
  (exitCode: number, message: string) =>
  (e: unknown): boolean => {
    assert.ok(e instanceof ExitError, String(e));
    assert.deepEqual([e.exitCode, e.message], [exitCode, message]);
    return true;
  };

test('refuses what it cannot show', async () => {
  await assert.rejects(micro(['a'], { flags: { output: 'xml' } }), isExit(1, 'unknown output format: xml'));
  await assert.rejects(micro(['a'], { flags: { lines: -1 } }), isExit(1, '--lines must not be negative: -1'));
});

test("tells faults in v3's words and codes", async () => {
  const id = 'runtime.Runtime.Logs';
  const missing = internal(id, 'Logs not found for service a');
  const text = 'Error reading logs: Logs not found for service a';
  await assert.rejects(micro(['a'], { fault: missing }), isExit(128, text));
  await assert.rejects(micro(['a'], { fault: notFound(id, 'x') }), isExit(1, 'Service not found'));
  const refused = unauthorized(id, 'Unauthorized');
  await assert.rejects(micro(['a'], { fault: refused }), (e) => e === refused);
});

test('ends with 130 and no word when its user stops it', async () => {
  const { code } = await micro(['a'], { fault: new Error('aborted'), signal: AbortSignal.abort() });
  assert.equal(code, 130);
});

test.run();
