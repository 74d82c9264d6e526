/** `micro run` against a fake runtime: what it uploads, what it asks for, and how it waits. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Values } from '../../../internal/contract/field.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Runtime, RuntimeService, RuntimeStatus } from '../../../internal/contract/runtime.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { type config, type flags, type needs, plugin } from './plugin.ts';
import { run } from './run.ts';
import { environmentItems, metadataOf, wordsOf } from './run-options.ts';

const test = suite('micro run');
const parent = mkdtempSync(join(tmpdir(), 'micro-run-'));
const folder = join(parent, 'helloworld');
mkdirSync(folder);
writeFileSync(join(folder, 'index.ts'), 'export {};\n');
test.after(() => rmSync(parent, { recursive: true, force: true }));

type Flags = Partial<Values<typeof flags>>;

const micro = async (source: string, given: Flags = {}, states: readonly Partial<RuntimeService>[] = []) => {
  const calls: unknown[] = [];
  const notes: string[] = [];
  let at = 0;
  const runtime = {
    upload: async (service, archive, o) => {
      let bytes = 0;
      for await (const chunk of archive) bytes += chunk.length;
      calls.push({ upload: service, empty: bytes === 0, namespace: o?.namespace });
      return 'source://uploaded';
    },
    create: async (service, { signal: _signal, ...options } = {}) => {
      calls.push({ create: service, options: JSON.parse(JSON.stringify(options)) });
    },
    read: async () => {
      const state = states[Math.min(at++, states.length - 1)];
      return state === undefined
        ? []
        : [{ name: 'x', version: 'latest', source: '', metadata: {}, status: 'running', ...state }];
    },
  } satisfies Partial<Runtime>;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { runtime: runtime as Partial<Runtime> as Runtime },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
  });
  const out = { format: 'text', note: (text: string) => void notes.push(text) } as Partial<Output> as Output;
  const flagValues: Values<typeof flags> = { env_vars: [], metadata: [], ...given };
  await run({ args: [source], flags: flagValues, given: new Set(), rest: [], raw: [], out }, ctx);
  return { calls, notes };
};

test('uploads the folder and asks for a service of its name', async () => {
  const ref = { name: 'helloworld', version: 'latest' };
  const { calls, notes } = await micro(folder);
  assert.deepEqual(calls, [
    { upload: ref, empty: false, namespace: 'mine' },
    {
      create: { ...ref, source: 'source://uploaded', metadata: { source: folder } },
      options: { env: [], namespace: 'mine' },
    },
  ]);
  assert.deepEqual(notes, []);
});

test('passes the flags on', async () => {
  const { calls } = await micro(folder, {
    name: 'greeter',
    command: 'node  index.js',
    args: '--port 0',
    type: 'web',
    env_vars: ['A=1, B=x=y', 'C='],
    instances: 1,
    metadata: ['team=a'],
    force: true,
  });
  assert.deepEqual(calls[1], {
    create: {
      name: 'greeter',
      version: 'latest',
      source: 'source://uploaded',
      metadata: { source: folder, team: 'a' },
    },
    options: {
      command: ['node', 'index.js'],
      args: ['--port', '0'],
      env: ['A=1', 'B=x=y', 'C='],
      type: 'web',
      instances: 1,
      force: true,
      namespace: 'mine',
    },
  });
});

const exits = (work: Promise<unknown>, message: RegExp, hint?: RegExp): Promise<void> =>
  assert.rejects(work, (e) => {
    assert.ok(e instanceof ExitError, String(e));
    assert.equal(e.exitCode, 1);
    assert.match(e.message, message);
    if (hint !== undefined) assert.match(e.hint ?? '', hint);
    return true;
  });

test('refuses sources that are not here, naming them', async () => {
  await exits(micro(join(parent, 'nowhere')), /nowhere/);
  await exits(micro('github.com/micro/services/helloworld'), /github\.com/, /remote sources are not supported yet/);
  await exits(micro(folder, { instances: 0 }), /at least 1: 0/);
});

const state = (status: RuntimeStatus, metadata: Record<string, string> = {}): Partial<RuntimeService> => ({
  status,
  metadata,
});

test('waits for running when told to, and shows each step once', async () => {
  const steps = [state('pending'), state('building'), state('building'), state('starting'), state('running')];
  const { notes } = await micro(folder, { wait: true }, steps);
  assert.deepEqual(
    notes,
    ['pending', 'building', 'starting', 'running'].map((s) => `helloworld: ${s}`),
  );
});

test('waits for an update to take over', async () => {
  const steps = [state('running', { updating: 'true' }), state('running', { updating: 'true' }), state('running')];
  const { notes } = await micro(folder, { wait: true }, steps);
  assert.deepEqual(notes, ['helloworld: updating', 'helloworld: running']);
});

test('ends with the error of the service, of the update, or because it was killed', async () => {
  const failed = [state('starting'), state('error', { error: 'index.ts:1:2: wrong' })];
  await exits(micro(folder, { wait: true }, failed), /^index\.ts:1:2: wrong$/, /micro logs helloworld/);
  const update = [state('running', { updating: 'true' }), state('running', { error: 'update failed: no' })];
  await exits(micro(folder, { wait: true }, update), /^update failed: no$/);
  await exits(micro(folder, { wait: true }, []), /was killed/);
});

for (const c of [
  { name: 'nothing', text: undefined, want: undefined },
  { name: 'blanks', text: '  ', want: undefined },
  { name: 'words', text: 'a  b "c d"', want: ['a', 'b', '"c', 'd"'] },
])
  test(`reads ${c.name} as words`, () => assert.deepEqual(wordsOf(c.text), c.want));

test('reads variables as v3 does, and refuses what has no name', () => {
  assert.deepEqual(environmentItems(['A=1,B=2', ' C=3 ', ',']), ['A=1', 'B=2', 'C=3']);
  for (const text of ['A', '=1', 'A=1,2']) assert.throws(() => environmentItems([text]), ExitError);
});

test('reads metadata with exactly one =', () => {
  assert.deepEqual(metadataOf(['a=1', 'b=']), { a: '1', b: '' });
  assert.throws(() => metadataOf(['a']), /^ExitError: Invalid metadata string, must be of form foo=bar a$/);
  assert.throws(() => metadataOf(['a=b=c']), /must be of form foo=bar a=b=c/);
  assert.throws(() => metadataOf(['source=x']), /'source' is a reserved key/);
});

test.run();
