/** The blob slot over calls to the store service. Holds one chunk at a time; the hash is taken here, since the wire's answer is empty. */

import { createHash } from 'node:crypto';

import type { BlobStore } from '../../../../internal/contract/blob.ts';
import { blobNamespace, blobPlace, boundedContent } from '../../../../internal/contract/blob-content.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Input } from '../../../../internal/schema/api.ts';
import { storeApi } from '../../../../internal/schema/core/store.ts';
import { stub } from '../../../../internal/schema/stub.ts';
import type * as storeProto from '../../../../proto/gen/store.gen.ts';
import type { config, needs } from './plugin.ts';

/** Bytes of one message of a content. */
const wireChunkBytes = 256 * 1024;

export const create = (ctx: PluginContext<typeof config, typeof needs>): BlobStore & Running => {
  const { address } = ctx.config;
  const api = stub(ctx.needs.client, storeApi, address ? { address } : {});
  return {
    read: async function* (key, o) {
      const { namespace } = blobPlace(key, o, 'Read');
      o?.signal?.throwIfAborted();
      const answers = api['BlobStore.Read']({ key, options: { namespace } }, { signal: o?.signal });
      for await (const answer of answers) if (answer.blob.length > 0) yield answer.blob;
    },
    write: async (key, content, o) => {
      const { namespace } = blobPlace(key, o, 'Write');
      const hash = createHash('sha256');
      let bytes = 0;
      const messages = async function* (): AsyncGenerator<Input<storeProto.BlobWriteRequest>> {
        // The first message names the blob even when it is empty.
        yield { key, options: { namespace } };
        for await (const chunk of boundedContent(content, o?.signal)) {
          hash.update(chunk);
          bytes += chunk.length;
          for (let at = 0; at < chunk.length; at += wireChunkBytes)
            yield { blob: chunk.subarray(at, at + wireChunkBytes) };
        }
      };
      o?.signal?.throwIfAborted();
      await api['BlobStore.Write'](messages(), { signal: o?.signal });
      return { key, bytes, sha256: hash.digest('hex') };
    },
    delete: async (key, o) => {
      const { namespace } = blobPlace(key, o, 'Delete');
      await api['BlobStore.Delete']({ key, options: { namespace } }, { signal: o?.signal });
    },
    list: async (o) => {
      const options = { namespace: blobNamespace(o), prefix: o?.prefix };
      return (await api['BlobStore.List']({ options }, { signal: o?.signal })).keys;
    },
  };
};
