/** Compressed gRPC messages of callers: which encodings are known, and a bound on what comes out. */

import { gunzip, inflate } from 'node:zlib';
import { promisify } from 'node:util';

import { internal, notImplemented, tooMany } from '../contract/error.ts';
import { messageBytesMax } from '../contract/limits.ts';
import { serverErrorId } from './status.ts';

const decoders: ReadonlyMap<string, (bytes: Buffer, o: { maxOutputLength: number }) => Promise<Buffer>> = new Map([
  // Looked up when called: most processes never inflate anything, and zlib takes its time to load.
  ['gzip', (bytes, o) => promisify(gunzip)(bytes, o)],
  ['deflate', (bytes, o) => promisify(inflate)(bytes, o)],
]);

/** What a caller may send, for the header that tells it. */
export const knownEncodings: string = ['identity', ...decoders.keys()].join(',');

export const isKnownEncoding = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === 'identity' || decoders.has(encoding);

/** The plain message. Throws MicroErrors that become INTERNAL, UNIMPLEMENTED and RESOURCE_EXHAUSTED, as gRPC wants it. */
export const inflateMessage = async (encoding: string | undefined, bytes: Buffer): Promise<Buffer> => {
  if (encoding === undefined || encoding === 'identity')
    throw internal(serverErrorId, 'a message is marked as compressed, but grpc-encoding names no compression');
  const decode = decoders.get(encoding);
  if (decode === undefined)
    throw notImplemented(serverErrorId, `grpc-encoding ${encoding} is not known; known are ${knownEncodings}`);
  try {
    return await decode(bytes, { maxOutputLength: messageBytesMax });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooMany(serverErrorId, `request inflates to more than messageBytesMax (${messageBytesMax})`, { cause });
    throw internal(serverErrorId, `a message cannot be inflated: ${String(cause)}`, { cause });
  }
};
