/** Blobs in one SQLite file. Owns chunking, hashing and the removal of contents that no name points at; memory stays bounded whatever the size. */

import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';

import type { BlobStore } from '../../../../internal/contract/blob.ts';
import { blobNamespace, blobNotFound, blobPlace, boundedContent } from '../../../../internal/contract/blob-content.ts';
import { conflict, internal, unavailable } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { SqlValue } from '../../../../internal/sqlite/connection.ts';
import { type Database, openDatabase } from '../../../../internal/sqlite/database.ts';
import { chooseEngine } from '../../../../internal/sqlite/engine-choice.ts';
import {
  addChunk,
  beginContent,
  chunkBytes,
  find,
  keyPage,
  type Named,
  publish,
  readChunk,
  removeChunks,
  removeContent,
  rubbish,
  schema,
  unpublish,
} from './blob-tables.ts';
import type { config } from './plugin.ts';

const id = 'drivers/blob/sqlite';
const keyPageRows = 1_000;
/** An upload that nobody has touched for so long belongs to a process that is gone. */
const uploadAbandonedMs = 3_600_000;
/** Times a reader looks again when the content it found was replaced before its first chunk was read. */
const readAttemptsMax = 5;

export const create = (ctx: PluginContext<typeof config>): BlobStore & Running => {
  let opened: Database | undefined;
  let removing: Promise<void> = Promise.resolve();
  const readers = new Map<number, number>();
  const db = (): Database => {
    if (opened === undefined) throw unavailable(id, 'the blob store is not running');
    return opened;
  };
  /** In the background, one at a time; what is being read waits for its last reader, what fails waits for the next start. */
  const remove = (contentId: number): void => {
    if (readers.has(contentId)) return;
    removing = removing
      .then(() => removeWhole(db(), contentId, ctx.signal))
      .catch((e: unknown) => ctx.log.warn('blob content not removed', { content: contentId, error: String(e) }));
  };
  const hold = (contentId: number): (() => void) => {
    readers.set(contentId, (readers.get(contentId) ?? 0) + 1);
    return () => {
      const left = (readers.get(contentId) ?? 1) - 1;
      if (left > 0) return void readers.set(contentId, left);
      readers.delete(contentId);
      if (retired.delete(contentId)) remove(contentId);
    };
  };
  const retired = new Set<number>();
  const retire = (contentId: SqlValue | undefined): void => {
    if (typeof contentId !== 'number') return;
    if (readers.has(contentId)) retired.add(contentId);
    else remove(contentId);
  };
  return {
    start: async () => {
      const file = isAbsolute(ctx.config.file) ? ctx.config.file : join(ctx.dataDir, ctx.config.file);
      const fileBytesMax = Number(ctx.config.file_bytes_max);
      const engine = await chooseEngine({ wanted: ctx.config.engine, id, log: ctx.log });
      opened = await openDatabase({ file, id, schema, fileBytesMax, engine, busyTimeoutMs: ctx.config.busy_timeout });
      for (const row of await opened.reader.query(rubbish(ctx.now() - uploadAbandonedMs))) remove(Number(row.id));
    },
    stop: async () => {
      await removing;
      await opened?.close();
    },
    read: async function* (key, o) {
      const { namespace } = blobPlace(key, o, 'Read');
      yield* readContent({ namespace, key: Buffer.from(key) }, { db: db(), hold, signal: o?.signal });
    },
    write: async (key, content, o) => {
      const { namespace } = blobPlace(key, o, 'Write');
      const [[begun] = []] = await db().writer.transact([beginContent(ctx.now())], o?.signal);
      const contentId = Number(begun?.id);
      try {
        const chunks = boundedContent(content, o?.signal);
        const stored = await storeContent(chunks, { contentId, db: db(), now: ctx.now });
        const [[before] = []] = await db().writer.transact(
          publish({ namespace, key: Buffer.from(key) }, { contentId, ...stored }),
          o?.signal,
        );
        retire(before?.id);
        return { key, ...stored };
      } catch (e) {
        remove(contentId);
        throw e;
      }
    },
    delete: async (key, o) => {
      const { namespace } = blobPlace(key, o, 'Delete');
      const [[before] = []] = await db().writer.transact(unpublish({ namespace, key: Buffer.from(key) }), o?.signal);
      retire(before?.id);
    },
    list: (o) =>
      listKeys(db(), { namespace: blobNamespace(o), prefix: Buffer.from(o?.prefix ?? ''), signal: o?.signal }),
  };
};

const bytesOf = (value: SqlValue | undefined): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array(0));

interface Upload {
  readonly contentId: number;
  readonly db: Database;
  readonly now: () => number;
}

/** Writes the content in chunks of one size, each on disk before the next is taken. */
const storeContent = async (
  content: AsyncIterable<Uint8Array>,
  o: Upload,
): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  let seq = 0;
  for await (const data of evenChunks(content)) {
    hash.update(data);
    bytes += data.length;
    await o.db.writer.transact(addChunk({ contentId: o.contentId, seq: seq++, data, now: o.now() }));
  }
  return { bytes, sha256: hash.digest('hex') };
};

/** Cuts and joins chunks to chunkBytes each, the last one shorter. */
async function* evenChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (let chunk of content) {
    while (held + chunk.length >= chunkBytes) {
      const wanted = chunkBytes - held;
      yield Buffer.concat([...parts, chunk.subarray(0, wanted)]);
      chunk = chunk.subarray(wanted);
      parts = [];
      held = 0;
    }
    if (chunk.length > 0) parts.push(new Uint8Array(chunk));
    held += chunk.length;
  }
  if (held > 0) yield Buffer.concat(parts);
}

interface ContentReader {
  readonly db: Database;
  hold(contentId: number): () => void;
  readonly signal: AbortSignal | undefined;
}

async function* readContent(name: Named, o: ContentReader): AsyncGenerator<Uint8Array> {
  for (let attempt = 1; ; attempt += 1) {
    const [row] = await o.db.reader.query(find(name), o.signal);
    if (row === undefined) throw blobNotFound();
    const contentId = Number(row.content_id);
    const release = o.hold(contentId);
    try {
      const first = await o.db.reader.query(readChunk(contentId, 0), o.signal);
      // The content went between the two look-ups: the name points at another one by now.
      if (first.length === 0 && Number(row.bytes) > 0 && attempt < readAttemptsMax) continue;
      yield* checkedChunks({ contentId, bytes: Number(row.bytes), sha256: String(row.sha256) }, o);
      return;
    } finally {
      release();
    }
  }
}

/** All chunks; throws after the last one when they are not what was written. */
async function* checkedChunks(
  content: { contentId: number; bytes: number; sha256: string },
  o: ContentReader,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let seq = 0; bytes < content.bytes; seq += 1) {
    const [row] = await o.db.reader.query(readChunk(content.contentId, seq), o.signal);
    if (row === undefined) throw conflict('store.Blob.Read', 'blob was replaced while it was read');
    const data = bytesOf(row.data);
    hash.update(data);
    bytes += data.length;
    yield data;
  }
  if (hash.digest('hex') !== content.sha256)
    throw internal('store.Blob.Read', `blob does not match its checksum, the disk may be failing: ${o.db.file}`);
}

const listKeys = async (
  db: Database,
  o: { namespace: string; prefix: Uint8Array; signal: AbortSignal | undefined },
): Promise<readonly string[]> => {
  const keys: string[] = [];
  let after: Uint8Array = new Uint8Array(0);
  for (;;) {
    const rows = await db.reader.query(keyPage({ ...o, after, limit: keyPageRows }), o.signal);
    for (const row of rows) keys.push(Buffer.from(bytesOf(row.key)).toString());
    if (rows.length < keyPageRows) return keys;
    after = bytesOf(rows.at(-1)?.key);
  }
};

/** Removes a content that is not live, some chunks at a time; ends early when the driver stops. */
const removeWhole = async (db: Database, contentId: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const [rows] = await db.writer.transact([removeChunks(contentId)]);
    if ((rows?.length ?? 0) > 0) continue;
    await db.writer.transact([removeContent(contentId)]);
    return;
  }
};
