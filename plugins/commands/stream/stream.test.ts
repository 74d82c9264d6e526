/** `micro stream` against a fake client: one message out, each answer printed as it comes. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client, ClientStream } from '../../../internal/contract/client.ts';
import { notFound } from '../../../internal/contract/error.ts';
import type { Output } from '../../../internal/contract/output.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

import { type config, type needs, plugin } from './plugin.ts';
import { run } from './stream.ts';

interface Script {
  readonly answers: readonly string[];
  readonly fails?: Error;
  readonly output?: string;
  /** Interrupts the command after the first answer. */
  readonly interrupt?: boolean;
}

const micro = async ({ answers, fails, output, interrupt }: Script) => {
  const abort = new AbortController();
  const said: string[] = [];
  let stdout = '';
  const stream: ClientStream = {
    send: async (request) => void said.push(new TextDecoder().decode(request)),
    end: () => void said.push('end'),
    cancel: () => undefined,
    async *[Symbol.asyncIterator]() {
      for (const answer of answers) {
        yield new TextEncoder().encode(answer);
        if (interrupt) abort.abort();
        abort.signal.throwIfAborted();
      }
      if (fails !== undefined) throw fails;
    },
  };
  const client = { stream: () => stream } as Partial<Client> as Client;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json') },
    needs: { client },
    dataDir: tmpdir(),
    signal: abort.signal,
  });
  const out = {
    line: (text: string) => (stdout += `${text}\n`),
    write: (bytes: Uint8Array) => (stdout += new TextDecoder().decode(bytes)),
  } as Partial<Output> as Output;
  const args = ['svc', 'Svc.Stream', '{"count": 2}'];
  const code = await run({ args, flags: { metadata: [], output }, given: new Set(), rest: [], raw: args, out }, ctx);
  return { code, stdout, said };
};

const test = suite('micro stream');

test('sends one message, half-closes and prints each answer on lines of its own', async () => {
  const { code, stdout, said } = await micro({ answers: ['{"n":1}', '{}'] });
  assert.deepEqual(said, ['{"count":2}', 'end']);
  assert.equal(stdout, '{\n\t"n": 1\n}\n{}\n');
  assert.equal(code, 0);
});

test('prints bytes as received with --output raw', async () => {
  assert.equal((await micro({ answers: ['{"n":1}', 'x'], output: 'raw' })).stdout, '{"n":1}x');
});

test('passes on how the stream failed, after what came before', async () => {
  const failure = notFound('svc', 'no such thing');
  await assert.rejects(micro({ answers: ['{}'], fails: failure }), (e) => e === failure);
});

test('ends quietly with 130 when it is interrupted', async () => {
  const { code, stdout } = await micro({ answers: ['{}', '{}'], interrupt: true });
  assert.equal(stdout, '{}\n');
  assert.equal(code, 130);
});

test.run();
