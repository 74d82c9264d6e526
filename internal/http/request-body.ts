/** Reads a request's body into memory within a bound. */

import type { IncomingMessage } from 'node:http';

import { microError } from '../contract/error.ts';
import { bodyBytesMax } from '../contract/limits.ts';

/** Throws 413 as soon as the bound is known to be exceeded, naming it, and 415 for a compressed body. */
export const readBody = async (
  request: IncomingMessage,
  o: { readonly id: string; readonly signal: AbortSignal; readonly bytesMax?: number },
): Promise<Buffer> => {
  const bytesMax = o.bytesMax ?? bodyBytesMax;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw microError(415, o.id, `content-encoding ${encoding} is not supported`);
  const tooLarge = () => microError(413, o.id, `body is too large (bodyBytesMax: ${bytesMax})`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    o.signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
