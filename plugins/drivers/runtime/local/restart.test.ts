/** What the local runtime keeps: services come back with its next start, from the same files, and what is old goes. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Runtime, RuntimeService } from '../../../../internal/contract/runtime.ts';
import { type Instance, script, scriptArchive } from '../../../../test/conformance/runtime-platform.ts';
import { type StartedRuntime, startLocalRuntime } from '../../../../test/conformance/start-local-runtime.ts';
import { poll } from '../../../../test/support/poll.ts';
import { suite } from '../../../../test/support/suite.ts';

const test = suite('local runtime over restarts');

const ref = { name: 'kept', version: 'latest' };
const contentName = /^[0-9a-f]{64}$/;

const withRuntime = async (body: (s: StartedRuntime) => Promise<StartedRuntime>): Promise<void> => {
  // Whatever the body does, the last one it started is stopped.
  const tracked = (runtime: StartedRuntime): StartedRuntime => ({
    ...runtime,
    restart: async () => {
      last = tracked(await runtime.restart());
      return last;
    },
  });
  let last = tracked(await startLocalRuntime());
  try {
    last = await body(last);
  } finally {
    await last.stop();
  }
};

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const run = async (s: StartedRuntime, label: string, env: readonly string[] = []): Promise<void> => {
  const source = await s.runtime.upload(ref, one(scriptArchive(script({ label }))));
  await s.runtime.create(
    { ...ref, source, metadata: { source: '/src/kept' } },
    {
      args: ['--x'],
      env: [`PLATFORM=${s.platform.url}`, ...env],
      owner: { name: 'admin', group: 'micro' },
    },
  );
};

const untilStatus = (runtime: Runtime, status: RuntimeService['status']): Promise<RuntimeService> =>
  poll(`kept to be ${status}`, async () => {
    const [found] = await runtime.read();
    return found?.status === status && found.metadata.updating === undefined && found;
  });
const newest = (s: StartedRuntime): Instance => s.platform.instances.at(-1)!;
const contents = (s: StartedRuntime): readonly string[] =>
  readdirSync(join(s.dataDir, 'services', 'micro', 'kept@latest')).filter((name) => contentName.test(name));
const log = async (runtime: Runtime): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { message } of runtime.logs(ref)) found.push(message);
  return found;
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('brings a service back as it was, and its log with it', () =>
  withRuntime(async (s) => {
    await run(s, 'one', ['A=1']);
    const before = await untilStatus(s.runtime, 'running');
    const { pid } = newest(s);
    const next = await s.restart();
    assert.ok(!isAlive(pid), 'the old process outlived its runtime');
    const after = await untilStatus(next.runtime, 'running');
    assert.notEqual(newest(s).pid, pid);
    assert.equal(newest(s).env.A, '1');
    assert.deepEqual(newest(s).args, ['--x']);
    for (const key of ['source', 'owner', 'group', 'build']) assert.equal(after.metadata[key], before.metadata[key]);
    // It has registered before it says so.
    const lines = await poll('its last word to be logged', async () => {
      const all = (await log(next.runtime)).filter((l) => /^(ready|stopping)/.test(l));
      return all.length >= 3 && all;
    });
    assert.deepEqual(lines, ['ready one', 'stopping one', 'ready one']);
    return next;
  }));

test('unpacks the archive again when the files are gone', () =>
  withRuntime(async (s) => {
    await run(s, 'one');
    await untilStatus(s.runtime, 'running');
    const [content] = contents(s);
    await s.runtime.logs(ref);
    rmSync(join(s.dataDir, 'services'), { recursive: true });
    const next = await s.restart();
    await untilStatus(next.runtime, 'running');
    assert.deepEqual(contents(s), [content]);
    return next;
  }));

test('does not run another content than it was told, only because the files are gone', () =>
  withRuntime(async (s) => {
    await run(s, 'one');
    await untilStatus(s.runtime, 'running');
    await s.runtime.upload(ref, one(scriptArchive(script({ label: 'never created' }))));
    rmSync(join(s.dataDir, 'services'), { recursive: true });
    const next = await s.restart();
    const failed = await untilStatus(next.runtime, 'error');
    assert.match(failed.metadata.error ?? '', /files of kept are gone/);
    return next;
  }));

test('keeps one content after an update, and runs it after a restart', () =>
  withRuntime(async (s) => {
    await run(s, 'one');
    await untilStatus(s.runtime, 'running');
    await run(s, 'two');
    await poll('the update', () => s.platform.instances.length === 2);
    await untilStatus(s.runtime, 'running');
    await poll('the old content to go', () => contents(s).length === 1);
    const next = await s.restart();
    await untilStatus(next.runtime, 'running');
    assert.equal(
      (await log(next.runtime)).findLast((l) => l.startsWith('ready')),
      'ready two',
    );
    return next;
  }));

test('leaves nothing of a deleted service, and does not bring it back', () =>
  withRuntime(async (s) => {
    await run(s, 'one');
    await untilStatus(s.runtime, 'running');
    await s.runtime.delete(ref);
    assert.ok(!existsSync(join(s.dataDir, 'services', 'micro', 'kept@latest')));
    const left = readdirSync(s.dataDir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    assert.deepEqual(
      left.map((e) => e.name),
      [],
    );
    const next = await s.restart();
    assert.deepEqual(await next.runtime.read(), []);
    return next;
  }));

test('cleans up half uploads of a server that died', () =>
  withRuntime(async (s) => {
    await run(s, 'one');
    await untilStatus(s.runtime, 'running');
    const home = join(s.dataDir, 'services', 'micro', 'kept@latest');
    for (const name of ['.upload-dead', '.unpack-dead']) mkdirSync(join(home, name));
    const next = await s.restart();
    assert.deepEqual(
      readdirSync(home).filter((name) => name.startsWith('.')),
      [],
    );
    return next;
  }));

test('takes uploads of one service at the same time', () =>
  withRuntime(async (s) => {
    const archives = ['a', 'b', 'c', 'd'].map((label) => scriptArchive(script({ label })));
    await Promise.all(archives.map((bytes) => s.runtime.upload(ref, one(bytes))));
    await s.runtime.create(
      { ...ref, source: 'source://kept:latest', metadata: {} },
      { env: [`PLATFORM=${s.platform.url}`] },
    );
    await untilStatus(s.runtime, 'running');
    return s;
  }));

test.run();
