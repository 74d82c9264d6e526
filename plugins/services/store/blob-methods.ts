/** BlobStore.*: who may use which namespace, and contents as streams of small messages. Keeps nothing; `public` and `contentType` are for stores behind HTTP. */

import { authorizeAdmin } from '../../../internal/auth/authorize.ts';
import type { BlobStore } from '../../../internal/contract/blob.ts';
import { badRequest } from '../../../internal/contract/error.ts';
import type { CallContext } from '../../../internal/contract/handler.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as storeProto from '../../../proto/gen/store.gen.ts';

type BlobMethods = Pick<Impl<storeProto.Methods>, Extract<keyof storeProto.Methods, `BlobStore.${string}`>>;

/** Bytes of one message of a content. */
const wireChunkBytes = 256 * 1024;

export const blobMethods = (blob: BlobStore): BlobMethods => ({
  'BlobStore.Read': async function* ({ key, options }, call) {
    const namespace = admitted(call, options, 'store.Blob.Read');
    for await (const chunk of blob.read(key, { namespace, signal: call.signal }))
      for (let at = 0; at < chunk.length; at += wireChunkBytes) yield { blob: chunk.subarray(at, at + wireChunkBytes) };
  },
  'BlobStore.Write': async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done === true) throw badRequest('store.Blob.Write', 'No blob was sent');
    const { key, options, blob: head } = first.value;
    const namespace = admitted(call, options, 'store.Blob.Write');
    await blob.write(key, contentOf(head, messages), { namespace, signal: call.signal });
    return {};
  },
  'BlobStore.Delete': async ({ key, options }, call) => {
    const namespace = admitted(call, options, 'store.Blob.Delete');
    await blob.delete(key, { namespace, signal: call.signal });
    return {};
  },
  'BlobStore.List': async ({ options }, call) => {
    const namespace = admitted(call, options, 'store.Blob.List');
    return { keys: await blob.list({ namespace, prefix: options?.prefix, signal: call.signal }) };
  },
});

/** The namespace the call is about, for its admins only. */
const admitted = (call: CallContext, options: { readonly namespace: string } | null, id: string): string => {
  const namespace = options?.namespace || call.namespace;
  authorizeAdmin(call.account, namespace, id);
  return namespace;
};

async function* contentOf(
  head: Uint8Array,
  rest: AsyncIterator<storeProto.BlobWriteRequest>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let message = await rest.next(); message.done !== true; message = await rest.next()) yield message.value.blob;
}
