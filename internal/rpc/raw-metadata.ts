/** Outgoing gRPC metadata with a content type of our choice. Owns the second place that leans on grpc-js internals; its test fails when they change. */

import { Metadata } from '@grpc/grpc-js';

import { badRequest } from '../contract/error.ts';
import { isHeaderKey, isHeaderValue, isReservedKey } from './metadata.ts';
import { clientErrorId } from './status.ts';

/** grpc-js writes `content-type: application/grpc` over whatever is there, but Go servers choose the codec by that header; a property that ignores the write keeps ours. */
const keepContentType = (metadata: Metadata, contentType: string): Metadata => {
  const clone = metadata.clone.bind(metadata);
  const toHeaders = metadata.toHttp2Headers.bind(metadata);
  metadata.clone = () => keepContentType(clone(), contentType);
  metadata.toHttp2Headers = () =>
    Object.defineProperty(toHeaders(), 'content-type', {
      enumerable: true,
      get: () => contentType,
      set: () => undefined,
    });
  return metadata;
};

/** Metadata for one call. Reserved keys of `extra` are left out; a key or value HTTP/2 cannot carry throws badRequest naming it. */
export const rawMetadata = (
  contentType: string,
  extra: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string | undefined>>,
): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(extra)) {
    const key = name.toLowerCase();
    if (!isReservedKey(key)) set(metadata, key, value);
  }
  for (const [key, value] of Object.entries(own)) if (value !== undefined) set(metadata, key, value);
  return keepContentType(metadata, contentType);
};

const set = (metadata: Metadata, key: string, value: string): void => {
  if (!isHeaderKey(key)) throw badRequest(clientErrorId, `metadata key ${JSON.stringify(key)} cannot be sent`);
  if (key.endsWith('-bin')) {
    metadata.set(key, Buffer.from(value, 'base64'));
    return;
  }
  if (!isHeaderValue(value))
    throw badRequest(clientErrorId, `metadata value of ${key} has characters that cannot be sent`);
  metadata.set(key, value);
};
