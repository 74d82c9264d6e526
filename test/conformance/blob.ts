/** What every blob store must do, whatever it keeps contents in. */

import { createHash } from 'node:crypto';

import * as assert from 'uvu/assert';

import type { BlobStore } from '../../internal/contract/blob.ts';
import { isMicroError } from '../../internal/contract/error.ts';
import { runConformance, type Subject } from '../support/conformance.ts';

async function* inChunks(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const readAll = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(Uint8Array.from(chunk));
  return Buffer.concat(parts);
};

const textOf = async (blob: BlobStore, key: string, namespace?: string): Promise<string> =>
  (await readAll(blob.read(key, { namespace }))).toString();

const refused = async (work: Promise<unknown>, code: number, detail: RegExp): Promise<void> => {
  const fault = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(isMicroError(fault), `expected a micro error, got ${String(fault)}`);
  assert.is(fault.code, code);
  assert.match(fault.detail, detail);
};

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Bytes that no two chunks of share, so that a lost or swapped chunk shows. */
const longContent = (bytes: number): Buffer => {
  const content = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) content.writeUInt32BE((i * 2654435761) >>> 0, i);
  return content;
};

type Case = (blob: BlobStore) => Promise<void>;

/** Every promise of the slot by name; the broken-driver test runs single ones. */
export const cases: Readonly<Record<string, Case>> = {
  'gives back what was written, with its size and hash': async (blob) => {
    const info = await blob.write('a/b', inChunks('hello ', '', 'world'));
    assert.equal(info, { key: 'a/b', bytes: 11, sha256: sha256(Buffer.from('hello world')) });
    assert.is(await textOf(blob, 'a/b'), 'hello world');
    assert.is(await textOf(blob, 'a/b'), 'hello world');
  },
  'refuses to read what is not there, before the first chunk': async (blob) => {
    await refused(readAll(blob.read('missing')), 404, /^Blob not found$/);
    await refused(readAll(blob.read('missing', { namespace: 'unknown' })), 404, /^Blob not found$/);
  },
  'refuses an empty key': async (blob) => {
    await refused(blob.write('', inChunks('x')), 400, /^Missing key$/);
    await refused(readAll(blob.read('')), 400, /^Missing key$/);
    await refused(blob.delete(''), 400, /^Missing key$/);
  },
  'keeps long contents, cut in any way': async (blob) => {
    const content = longContent(1_500_003);
    const odd = [7, 262_144, 100_000, 524_289].map((n, i, all) => [all.slice(0, i).reduce((a, b) => a + b, 0), n]);
    const cut = odd.map(([from = 0, n = 0]) => content.subarray(from, from + n));
    const rest = content.subarray(cut.reduce((n, c) => n + c.length, 0));
    const info = await blob.write('long', inChunks(...cut, rest));
    assert.is(info.bytes, content.length);
    assert.is(info.sha256, sha256(content));
    assert.ok((await readAll(blob.read('long'))).equals(content));
  },
  'replaces a content as a whole': async (blob) => {
    await blob.write('a', inChunks(longContent(600_000)));
    await blob.write('a', inChunks('short'));
    assert.is(await textOf(blob, 'a'), 'short');
  },
  'keeps the old content when the new one fails on its way': async (blob) => {
    await blob.write('a', inChunks('old'));
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield longContent(400_000);
      throw new Error('the sender went away');
    };
    await blob.write('a', failing()).then(
      () => assert.unreachable('the failed stream was taken'),
      () => undefined,
    );
    assert.is(await textOf(blob, 'a'), 'old');
    await blob.write('new', failing()).catch(() => undefined);
    await refused(readAll(blob.read('new')), 404, /not found/);
    assert.equal(await blob.list(), ['a']);
  },
  'does nothing for a caller that has left': async (blob) => {
    const signal = AbortSignal.abort();
    const taken = await blob.write('a', inChunks('x'), { signal }).then(
      () => true,
      () => false,
    );
    assert.is(taken, false);
    assert.equal(await blob.list(), []);
  },
  'lets a reader finish what it began while the content is replaced': async (blob) => {
    const content = longContent(900_000);
    await blob.write('a', inChunks(content.subarray(0, 300_000), content.subarray(300_000)));
    const parts: Uint8Array[] = [];
    for await (const chunk of blob.read('a')) {
      if (parts.length === 0) {
        await blob.write('a', inChunks('new'));
        await blob.delete('a');
      }
      parts.push(Uint8Array.from(chunk));
    }
    assert.ok(Buffer.concat(parts).equals(content));
    await refused(readAll(blob.read('a')), 404, /not found/);
  },
  'takes writers of one key at the same time; one of them stays': async (blob) => {
    const contents = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(300_000));
    await Promise.all(contents.map((content) => blob.write('a', inChunks(content))));
    assert.ok(contents.includes(await textOf(blob, 'a')));
    assert.equal(await blob.list(), ['a']);
  },
  'deletes, also what is not there': async (blob) => {
    await blob.write('a', inChunks('x'));
    await blob.delete('a');
    await blob.delete('a');
    await blob.delete('never', { namespace: 'unknown' });
    await refused(readAll(blob.read('a')), 404, /not found/);
  },
  'lists keys by prefix in the order of their bytes': async (blob) => {
    const keys = ['a', 'a/1', 'a/2', 'a%', 'a_', 'b', '\uffff', '😀', 'é', 'a\u0000b'];
    for (const key of keys) await blob.write(key, inChunks(key));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.equal(await blob.list(), sorted);
    assert.equal(await blob.list({ prefix: 'a/' }), ['a/1', 'a/2']);
    assert.equal(await blob.list({ prefix: 'a%' }), ['a%']);
    assert.equal(await blob.list({ prefix: 'nothing' }), []);
    for (const key of keys) assert.is(await textOf(blob, key), key);
  },
  'keeps namespaces apart': async (blob) => {
    await blob.write('k', inChunks('in micro'));
    await blob.write('k', inChunks('in one'), { namespace: 'ns-one' });
    assert.is(await textOf(blob, 'k'), 'in micro');
    assert.is(await textOf(blob, 'k', 'micro'), 'in micro');
    assert.is(await textOf(blob, 'k', 'ns-one'), 'in one');
    await blob.delete('k', { namespace: 'ns-one' });
    assert.is(await textOf(blob, 'k'), 'in micro');
    assert.equal(await blob.list({ namespace: 'ns-one' }), []);
    assert.equal(await blob.list({ namespace: 'unknown' }), []);
  },
};

/** Declares the suite for one driver. */
export const testBlob = (driverName: string, subject: Subject<BlobStore>): void =>
  runConformance('blob', driverName, subject, cases);
