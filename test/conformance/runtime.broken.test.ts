/** The runtime suite fails on drivers that break a promise: each row wraps the local driver and spoils one thing. */

import assert from 'node:assert/strict';

import type { LogRecord, Runtime, RuntimeService } from '../../internal/contract/runtime.ts';
import { suite } from '../support/suite.ts';
import { cases } from './runtime.ts';
import { scriptArchive } from './runtime-platform.ts';
import { startLocalRuntime } from './start-local-runtime.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: string;
  spoil(good: Runtime): Partial<Runtime>;
}

/** Every service as the spoiler would have it. */
const reading =
  (change: (s: RuntimeService) => RuntimeService) =>
  (good: Runtime): Partial<Runtime> => ({ read: async (o) => (await good.read(o)).map(change) });

/** Every log as the spoiler would have it. */
const logging =
  (change: (records: AsyncIterable<LogRecord>) => AsyncIterable<LogRecord>) =>
  (good: Runtime): Partial<Runtime> => ({ logs: (s, o) => change(good.logs(s, o)) });

const broken: readonly Broken[] = [
  {
    name: 'says running when it has only started',
    fails: 'is not running before it has registered',
    spoil: reading((s) => ({ ...s, status: 'running' })),
  },
  {
    name: 'hides errors',
    fails: 'tells a fault of the build by file and line, in status and log',
    spoil: reading(({ metadata: { error: _hidden, ...metadata }, ...s }) => ({ ...s, metadata })),
  },
  {
    name: 'mixes namespaces',
    fails: 'keeps names, versions, types and namespaces apart',
    spoil: (good) => ({ read: (o) => good.read({ ...o, namespace: 'micro' }) }),
  },
  {
    name: 'starts anew whatever it is given',
    fails: 'changes nothing when the same content is run again, unless forced',
    spoil: (good) => ({ create: (s, o) => good.create(s, { ...o, force: true }) }),
  },
  {
    name: 'stops the old one first',
    fails: 'updates changed content: the old one ends when the new one is registered',
    spoil: (good) => {
      let archive: Buffer = Buffer.alloc(0);
      const again = async function* (): AsyncGenerator<Uint8Array> {
        yield archive;
      };
      return {
        upload: async (s, chunks, o) => {
          const parts: Uint8Array[] = [];
          for await (const chunk of chunks) parts.push(chunk);
          archive = Buffer.concat(parts);
          return good.upload(s, again(), o);
        },
        create: async (s, o) => {
          const [present] = await good.read({ service: s.name });
          if (present !== undefined) {
            await good.delete(s);
            await good.upload(s, again(), o);
          }
          await good.create(s, o);
        },
      };
    },
  },
  {
    name: 'deletes what it does not have',
    fails: 'is told what is unknown by name',
    spoil: (good) => ({ delete: (s, o) => good.delete(s, o).catch(() => undefined) }),
  },
  {
    name: 'keeps what it deletes',
    fails: 'deletes process, record and source',
    spoil: () => ({ delete: async () => undefined }),
  },
  {
    name: 'loses a line',
    fails: 'gives exactly the last lines of both streams, in order and with their times',
    spoil: logging(async function* (records) {
      for await (const record of records) if (record.message !== 'line 7') yield record;
    }),
  },
  {
    name: 'tells a line twice',
    fails: 'follows a log without losing or repeating a line, until the reader leaves',
    spoil: logging(async function* (records) {
      for await (const record of records) {
        yield record;
        if (record.message === 'n 40') yield record;
      }
    }),
  },
  {
    name: 'takes every archive',
    fails: 'refuses archives that reach out of their folder or are not plain',
    spoil: (good) => ({
      upload: (s, _archive, o) =>
        good.upload(
          s,
          (async function* () {
            yield scriptArchive('');
          })(),
          o,
        ),
    }),
  },
  {
    name: 'runs two instances as one',
    fails: 'refuses what it cannot run',
    spoil: (good) => ({ create: (s, o) => good.create(s, { ...o, instances: undefined }) }),
  },
];

const test = suite('runtime conformance on broken drivers');

for (const { name, fails, spoil } of broken)
  test(`notices a driver that ${name}`, async () => {
    const body = cases[fails];
    assert.ok(body, `no such case: ${fails}`);
    const started = await startLocalRuntime();
    // Only what the case itself waits for may be slow: nothing here runs into a time limit.
    const limit = AbortSignal.timeout(25_000);
    try {
      const runtime: Runtime = { ...started.runtime, ...spoil(started.runtime) };
      const timeUp = new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason)));
      timeUp.catch(() => undefined);
      await assert.rejects(Promise.race([body({ runtime, platform: started.platform }), timeUp]), (e) => {
        assert.notEqual(e, limit.reason, 'the case did not notice in time');
        return true;
      });
    } finally {
      await started.stop();
    }
  });

test.run();
