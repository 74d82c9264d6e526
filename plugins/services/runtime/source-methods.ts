/** Source.Upload and Build.Read: archives in, builds out. Passes the bytes on as they come; what is in them is the driver's to judge. */

import { admitTo } from '../../../internal/auth/admit.ts';
import { defaultVersion } from '../../../internal/contract/core.ts';
import { badRequest, notFound } from '../../../internal/contract/error.ts';
import type { Runtime } from '../../../internal/contract/runtime.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as runtimeProto from '../../../proto/gen/runtime.gen.ts';

type Methods<Type extends string> = Pick<
  Impl<runtimeProto.Methods>,
  Extract<keyof runtimeProto.Methods, `${Type}.${string}`>
>;

const admit = admitTo('runtime');
const uploadId = 'runtime.Source.Upload';
const readId = 'runtime.Build.Read';

/**
 * An upload goes to the account's own namespace, as in v3, unless the service's metadata names another one: the header cannot, since it
 * says where the runtime service itself is. Admins only, where v3 takes anybody's archive: a stored source is code that will run.
 */
export const sourceMethods = (runtime: Runtime): Methods<'Source'> => ({
  'Source.Upload': async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done === true) throw badRequest(uploadId, 'No service was sent');
    const { namespace } = admit('Source.Upload', first.value, call);
    const { name, version } = first.value.service ?? { name: '', version: '' };
    if (name === '') throw badRequest(uploadId, 'No service was sent');
    const ref = { name, version: version || defaultVersion };
    const archive = bytesOf(first.value.data, messages);
    return { id: await runtime.upload(ref, archive, { namespace, signal: call.signal }) };
  },
});

/** Services run from their source here, so there is never a build to hand out. */
export const buildMethods = (): Methods<'Build'> => ({
  // biome-ignore lint/correctness/useYield: it always ends in an error, but it is a stream
  'Build.Read': async function* (request, call) {
    admit('Build.Read', request, call);
    const { name, version } = request;
    if (name === '') throw badRequest(readId, 'Missing name');
    if (version === '') throw badRequest(readId, 'Missing version');
    throw notFound(readId, 'Build not found');
  },
});

async function* bytesOf(head: Uint8Array, rest: AsyncIterator<runtimeProto.UploadRequest>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let message = await rest.next(); message.done !== true; message = await rest.next())
      if (message.value.data.length > 0) yield message.value.data;
  } finally {
    await rest.return?.();
  }
}
