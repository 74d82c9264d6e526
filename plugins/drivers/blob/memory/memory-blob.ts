/** Blobs in memory, gone with the process: for tests and throw-away servers. */

import { createHash } from 'node:crypto';

import type { BlobInfo, BlobStore } from '../../../../internal/contract/blob.ts';
import { blobNamespace, blobNotFound, blobPlace, boundedContent } from '../../../../internal/contract/blob-content.ts';
import type { Running } from '../../../../internal/contract/plugin.ts';
import { compareKeys } from '../../../../internal/contract/store-record.ts';

export const create = (): BlobStore & Running => {
  const namespaces = new Map<string, Map<string, readonly Uint8Array[]>>();
  return {
    read: async function* (key, o) {
      const place = blobPlace(key, o, 'Read');
      const chunks = namespaces.get(place.namespace)?.get(key);
      if (chunks === undefined) throw blobNotFound();
      for (const chunk of chunks) {
        o?.signal?.throwIfAborted();
        yield new Uint8Array(chunk);
      }
    },
    write: async (key, content, o) => {
      const place = blobPlace(key, o, 'Write');
      const hash = createHash('sha256');
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of boundedContent(content, o?.signal)) {
        hash.update(chunk);
        bytes += chunk.length;
        chunks.push(new Uint8Array(chunk));
      }
      const blobs = namespaces.get(place.namespace) ?? new Map<string, readonly Uint8Array[]>();
      namespaces.set(place.namespace, blobs.set(key, chunks));
      return { key, bytes, sha256: hash.digest('hex') } satisfies BlobInfo;
    },
    delete: async (key, o) => {
      const place = blobPlace(key, o, 'Delete');
      namespaces.get(place.namespace)?.delete(key);
    },
    list: async (o) => {
      const keys = [...(namespaces.get(blobNamespace(o))?.keys() ?? [])];
      return keys.filter((key) => key.startsWith(o?.prefix ?? '')).sort(compareKeys);
    },
  };
};
