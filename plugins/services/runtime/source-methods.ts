/** Source.Upload and Build.Read: archives in, builds out. Passes the bytes on as they come; what is in them is the driver's to judge. */

import { authorizeAdmin } from '../../../internal/auth/authorize.ts';
import type { Account } from '../../../internal/contract/auth.ts';
import { defaultVersion } from '../../../internal/contract/core.ts';
import { badRequest, notFound, unauthorized } from '../../../internal/contract/error.ts';
import type { Runtime } from '../../../internal/contract/runtime.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as runtimeProto from '../../../proto/gen/runtime.gen.ts';

type Methods<Type extends string> = Pick<
  Impl<runtimeProto.Methods>,
  Extract<keyof runtimeProto.Methods, `${Type}.${string}`>
>;

const uploadId = 'runtime.Source.Upload';
const readId = 'runtime.Build.Read';

/**
 * An upload goes to the account's own namespace, as in v3, unless the service's metadata names another one: the header cannot, since it
 * says where the runtime service itself is. Admins only, where v3 takes anybody's archive: a stored source is code that will run.
 */
export const sourceMethods = (runtime: Runtime): Methods<'Source'> => ({
  'Source.Upload': async (requests, call) => {
    const account = known(call.account, uploadId, 'upload source');
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done === true || first.value.service === null) throw badRequest(uploadId, 'No service was sent');
    const { name, version, metadata } = first.value.service;
    if (name === '') throw badRequest(uploadId, 'No service was sent');
    const namespace = metadata.namespace || account.issuer;
    authorizeAdmin(account, namespace, uploadId);
    const ref = { name, version: version || defaultVersion };
    const archive = bytesOf(first.value.data, messages);
    return { id: await runtime.upload(ref, archive, { namespace, signal: call.signal }) };
  },
});

/** Services run from their source here, so there is never a build to hand out. */
export const buildMethods = (): Methods<'Build'> => ({
  // biome-ignore lint/correctness/useYield: it always ends in an error, but it is a stream
  'Build.Read': async function* ({ name, version }, call) {
    known(call.account, readId, 'read builds');
    if (name === '') throw badRequest(readId, 'Missing name');
    if (version === '') throw badRequest(readId, 'Missing version');
    throw notFound(readId, 'Build not found');
  },
});

const known = (account: Account | undefined, id: string, purpose: string): Account => {
  if (account === undefined) throw unauthorized(id, `An account is required to ${purpose}`);
  return account;
};

async function* bytesOf(head: Uint8Array, rest: AsyncIterator<runtimeProto.UploadRequest>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let message = await rest.next(); message.done !== true; message = await rest.next())
      if (message.value.data.length > 0) yield message.value.data;
  } finally {
    await rest.return?.();
  }
}
