/** The head of an outgoing call as an HTTP/2 header block (gRPC over HTTP/2; wire.md 2.2 and 2.3). Checks what metadata may say; sends nothing. */

import type { ContentType } from '../contract/client.ts';
import { badRequest, microError } from '../contract/error.ts';
import { headerBytesMax } from '../contract/limits.ts';
import { encodeFields } from '../h2/hpack/encoder.ts';
import { isHeaderKey, isHeaderValue, isReservedKey } from './metadata.ts';
import { clientErrorId } from './status.ts';

export interface CallHead {
  readonly tls: boolean;
  /** host:port as dialled. */
  readonly authority: string;
  readonly path: string;
  readonly contentType: ContentType;
  /** The value of `grpc-timeout`. */
  readonly timeout: string | undefined;
  readonly metadata: Metadata;
}

export type Metadata = ReadonlyMap<string, string>;

/** Metadata of one call: lower-case keys, reserved ones of `extra` left out, `own` last. A key or value HTTP/2 cannot carry throws badRequest naming it. */
export const callMetadata = (
  extra: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string | undefined>>,
): Metadata => {
  const metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(extra)) {
    const key = name.toLowerCase();
    if (!isReservedKey(key)) set(metadata, key, value);
  }
  for (const [key, value] of Object.entries(own)) if (value !== undefined) set(metadata, key, value);
  return metadata;
};

const set = (metadata: Map<string, string>, key: string, value: string): void => {
  if (!isHeaderKey(key)) throw badRequest(clientErrorId, `metadata key ${JSON.stringify(key)} cannot be sent`);
  if (key.endsWith('-bin')) {
    metadata.set(key, Buffer.from(value, 'base64').toString('base64'));
    return;
  }
  if (!isHeaderValue(value))
    throw badRequest(clientErrorId, `metadata value of ${key} has characters that cannot be sent`);
  // A field may not start or end with blanks (RFC 9113 section 8.2.1).
  metadata.set(key, value.trim());
};

/** What RFC 9113 section 6.5.2 counts for each field beside its texts. */
const fieldOverheadBytes = 32;

/** The block. Throws a MicroError for a head that no peer of ours would take. */
export const callHeadBlock = ({ tls, authority, path, contentType, timeout, metadata }: CallHead): Buffer => {
  const fields: (readonly [string, string])[] = [
    [':method', 'POST'],
    [':scheme', tls ? 'https' : 'http'],
    [':path', path],
    [':authority', authority],
    ['te', 'trailers'],
    ['content-type', contentType],
    ['user-agent', 'micro'],
  ];
  if (timeout !== undefined) fields.push(['grpc-timeout', timeout]);
  fields.push(...metadata);
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + fieldOverheadBytes, 0);
  if (bytes > headerBytesMax)
    throw microError(413, clientErrorId, `headers of ${bytes} bytes are over headerBytesMax (${headerBytesMax})`);
  return encodeFields(fields);
};
