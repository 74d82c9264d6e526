/** What every blob driver agrees on: which keys are good, how a missing blob is reported, and the bound of a content. Pure; stores nothing. */

import type { BlobStore } from './blob.ts';
import type { CallOptions } from './call-options.ts';
import { defaultNamespace } from './core.ts';
import { badRequest, type MicroError, microError, notFound } from './error.ts';
import { blobBytesMax } from './limits.ts';
import { checkKey } from './store-record.ts';

/** Namespace and key as they are stored; throws badRequest for a key that cannot be one. Ids are `store.Blob.<Method>`. */
export const blobPlace = (
  key: string,
  o: CallOptions | undefined,
  method: 'Read' | 'Write' | 'Delete',
): { namespace: string; key: string } => {
  const id = `store.Blob.${method}`;
  if (key === '') throw badRequest(id, 'Missing key');
  checkKey(key, id);
  return { namespace: blobNamespace(o), key };
};

export const blobNamespace = (o: CallOptions | undefined): string => {
  const namespace = o?.namespace || defaultNamespace;
  checkKey(namespace, 'store.Blob');
  return namespace;
};

export const blobNotFound = (): MicroError => notFound('store.Blob.Read', 'Blob not found');

/** Passes the content on until it exceeds blobBytesMax or the caller leaves; skips empty chunks. */
export async function* boundedContent(
  chunks: Parameters<BlobStore['write']>[1],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  signal?.throwIfAborted();
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > blobBytesMax)
      throw microError(413, 'store.Blob.Write', `blob is too large (blobBytesMax: ${blobBytesMax})`);
    if (chunk.length > 0) yield chunk;
  }
  // A stream that was cut off may look as if it had ended: half a content must not pass for a whole one.
  signal?.throwIfAborted();
}
