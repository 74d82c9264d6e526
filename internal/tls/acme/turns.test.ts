/** Turns: one at a time, in order, past failures; who gives up waits for nobody. */

import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { createTurns } from './turns.ts';

const test = suite('tls: turns');
const forever = new AbortController().signal;

test('work runs one after the other, past a failure', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const work = (name: string, end: Promise<unknown>) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await end;
    seen.push(`${name} ends`);
    return name;
  };
  const gate = Promise.withResolvers<void>();
  const first = turns(work('one', gate.promise), forever);
  const second = turns(work('two', Promise.reject(new Error('no'))), forever).catch((e: unknown) => String(e));
  const third = turns(work('three', Promise.resolve()), forever);
  gate.resolve();
  assert.equal(await Promise.all([first, second, third]), ['one', 'Error: no', 'three']);
  assert.equal(seen, ['one begins', 'one ends', 'two begins', 'three begins', 'three ends']);
});

test('who gives up does not wait, and is passed over', async () => {
  const turns = createTurns();
  const gate = Promise.withResolvers<void>();
  const first = turns(() => gate.promise, forever);
  const abort = new AbortController();
  let ran = false;
  const second = turns(async () => {
    ran = true;
  }, abort.signal);
  const third = turns(async () => 'three', forever);
  abort.abort(new Error('stopping'));
  assert.match(String(await second.catch((e: unknown) => e)), /stopping/);
  gate.resolve();
  await first;
  assert.is(await third, 'three');
  assert.is(ran, false);
});

test('who has given up before does not begin', async () => {
  const turns = createTurns();
  const failed = await turns(async () => 'ran', AbortSignal.abort(new Error('over'))).catch((e: unknown) => String(e));
  assert.is(failed, 'Error: over');
  assert.is(await turns(async () => 'next', forever), 'next');
});

test('work that has begun ends by itself', async () => {
  const turns = createTurns();
  const gate = Promise.withResolvers<string>();
  const abort = new AbortController();
  const begun = Promise.withResolvers<void>();
  const working = turns(() => {
    begun.resolve();
    return gate.promise;
  }, abort.signal);
  await begun.promise;
  abort.abort(new Error('stopping'));
  gate.resolve('done');
  assert.is(await working, 'done');
});

test.run();
