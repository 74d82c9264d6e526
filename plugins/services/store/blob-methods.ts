/** BlobStore.*: who may use which namespace, and contents as streams of small messages. Keeps nothing; `public` and `contentType` are for stores behind HTTP. */

import { admitTo } from '../../../internal/auth/admit.ts';
import type { BlobStore } from '../../../internal/contract/blob.ts';
import { badRequest } from '../../../internal/contract/error.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as storeProto from '../../../proto/gen/store.gen.ts';

type BlobMethods = Pick<Impl<storeProto.Methods>, Extract<keyof storeProto.Methods, `BlobStore.${string}`>>;

/** Bytes of one message of a content. */
const wireChunkBytes = 256 * 1024;

const admit = admitTo('store');

export const blobMethods = (blob: BlobStore): BlobMethods => ({
  'BlobStore.Read': async function* (request, call) {
    const { namespace } = admit('BlobStore.Read', request, call);
    for await (const chunk of blob.read(request.key, { namespace, signal: call.signal }))
      for (let at = 0; at < chunk.length; at += wireChunkBytes) yield { blob: chunk.subarray(at, at + wireChunkBytes) };
  },
  'BlobStore.Write': async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done === true) throw badRequest('store.Blob.Write', 'No blob was sent');
    const { namespace } = admit('BlobStore.Write', first.value, call);
    const { key, blob: head } = first.value;
    await blob.write(key, contentOf(head, messages), { namespace, signal: call.signal });
    return {};
  },
  'BlobStore.Delete': async (request, call) => {
    const { namespace } = admit('BlobStore.Delete', request, call);
    await blob.delete(request.key, { namespace, signal: call.signal });
    return {};
  },
  'BlobStore.List': async (request, call) => {
    const { namespace } = admit('BlobStore.List', request, call);
    return { keys: await blob.list({ namespace, prefix: request.options?.prefix, signal: call.signal }) };
  },
});

async function* contentOf(
  head: Uint8Array,
  rest: AsyncIterator<storeProto.BlobWriteRequest>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let message = await rest.next(); message.done !== true; message = await rest.next()) yield message.value.blob;
}
