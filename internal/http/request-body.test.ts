/** Bodies within their bound, and all of them within the one they share. */

import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import * as assert from 'uvu/assert';

import { rejects } from 'node:assert/strict';
import { suite } from '../../test/support/suite.ts';
import { createBodyBudget, readBody } from './request-body.ts';

const test = suite('readBody');

const requestOf = (chunks: readonly string[], headers: Record<string, string> = {}): IncomingMessage =>
  Object.assign(Readable.from(chunks.map((c) => Buffer.from(c))), { headers }) as unknown as IncomingMessage;

const { signal } = new AbortController();
const never = new Promise<void>(() => undefined);

test('joins what comes', async () => {
  const budget = createBodyBudget(10);
  const body = await readBody(requestOf(['ab', 'cd']), { id: 'x', signal, budget, until: never });
  assert.is(body.toString(), 'abcd');
});

test('refuses a body that grows over its bound, and one that says it will', async () => {
  const budget = createBodyBudget(100);
  const o = { id: 'x', signal, budget, until: never, bytesMax: 3 };
  await rejects(readBody(requestOf(['ab', 'cd']), o), { code: 413 });
  await rejects(readBody(requestOf([], { 'content-length': '4' }), o), { code: 413 });
});

test('refuses what all bodies together may not hold, until one of them is answered', async () => {
  const budget = createBodyBudget(5);
  const answered = Promise.withResolvers<void>();
  await readBody(requestOf(['abcd']), { id: 'x', signal, budget, until: answered.promise });
  const refused = Promise.withResolvers<void>();
  await rejects(readBody(requestOf(['a', 'bc']), { id: 'x', signal, budget, until: refused.promise }), {
    code: 503,
    detail: /bodiesBytesMax: 5/,
  });
  refused.resolve();
  answered.resolve();
  await answered.promise;
  assert.is((await readBody(requestOf(['abcde']), { id: 'x', signal, budget, until: never })).length, 5);
});

test('a refused body gives back what it had taken', async () => {
  const budget = createBodyBudget(4);
  for (let n = 0; n < 5; n += 1) {
    const until = Promise.withResolvers<void>();
    await rejects(readBody(requestOf(['abc', 'de']), { id: 'x', signal, budget, until: until.promise }), { code: 503 });
    until.resolve();
    await until.promise;
  }
  assert.ok(budget.take(4));
});

test('refuses a compressed body', async () => {
  const o = { id: 'x', signal, budget: createBodyBudget(5), until: never };
  await rejects(readBody(requestOf(['a'], { 'content-encoding': 'gzip' }), o), {
    code: 415,
    status: 'Unsupported Media Type',
  });
});

test.run();
