/** The tar inside an upload: passed on as it is, or unzipped when the first bytes say gzip, up to a bound. Knows nothing of entries. */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { badRequest } from '../contract/error.ts';
import { archiveBytesMax, archiveEntriesMax, unpackedBytesMax } from '../contract/limits.ts';

const id = 'runtime.Source.Upload';
/** Headers and padding of as many entries as there may be. */
const plainBytesMax = unpackedBytesMax + archiveEntriesMax * 1_024;

/** Throws badRequest that names the cap, or says that the archive is empty or zipped in another way. */
export async function* plainTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(bounded(chunks));
  if (head.length === 0) throw badRequest(id, 'the archive is empty');
  if (startsWith(head, gzip)) yield* onlyTar(unzipped(rest));
  else yield* onlyTar(rest);
}

const gzip = [0x1f, 0x8b];
const zstd = [0x28, 0xb5, 0x2f, 0xfd];
const headBytes = 4;
const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((b, i) => bytes[i] === b);

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.length;
    if (received > archiveBytesMax)
      throw badRequest(id, `the archive is larger than archiveBytesMax (${archiveBytesMax} bytes)`);
    if (chunk.length > 0) yield chunk;
  }
}

/** The first bytes, fewer only when there are no more, and everything including them. */
const peek = async (
  chunks: AsyncGenerator<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array> }> => {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < headBytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  };
  return { head, rest: rest() };
};

async function* unzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const failure = pipeline(Readable.from(chunks), gunzip).then(
    () => undefined,
    (e: unknown) => e,
  );
  let bytes = 0;
  try {
    for await (const chunk of gunzip) {
      bytes += (chunk as Buffer).length;
      if (bytes > plainBytesMax)
        throw badRequest(id, `the archive unpacks to more than unpackedBytesMax (${unpackedBytesMax} bytes)`);
      yield chunk as Buffer;
    }
  } catch (e) {
    // When the source failed, that is the reason; the stream only says that it was cut off.
    if (bytes > plainBytesMax) throw e;
    throw (await failure) ?? e;
  } finally {
    gunzip.destroy();
  }
}

/** The tar reader unzips by itself what looks zipped, without a bound: nothing of that kind reaches it. */
async function* onlyTar(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(chunks);
  if (startsWith(head, gzip) || startsWith(head, zstd))
    throw badRequest(id, 'the archive is damaged: want tar, or tar in gzip');
  yield* rest;
}
