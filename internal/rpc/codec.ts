/** Which codec a call speaks (wire.md 2.2, decisions of platform.md 8): by x-content-type, else by the first byte of its first message. */

import { badRequest } from '../contract/error.ts';
import type { Codec } from '../contract/handler.ts';

export type WireCodec = 'proto' | 'json';

const codecs: Readonly<Record<string, WireCodec>> = {
  'application/grpc+proto': 'proto',
  'application/grpc': 'proto',
  'application/proto': 'proto',
  'application/protobuf': 'proto',
  'application/octet-stream': 'proto',
  'application/grpc+bytes': 'proto',
  'application/json': 'json',
  'application/grpc+json': 'json',
  'multipart/form-data': 'json',
};

/** The codec that a content type names; undefined without one. Throws badRequest `Unsupported Content-Type: …`. */
export const codecOfContentType = (contentType: string | undefined): WireCodec | undefined => {
  if (contentType === undefined || contentType === '') return undefined;
  const base = (contentType.split(';', 1)[0] as string).trim().toLowerCase();
  const codec = Object.hasOwn(codecs, base) ? codecs[base] : undefined;
  if (codec === undefined) throw badRequest('go.micro.server', `Unsupported Content-Type: ${contentType}`);
  return codec;
};

const jsonFirstBytes: ReadonlySet<number | undefined> = new Set(Array.from('{[n', (c) => c.charCodeAt(0)));

/** The codec of a message whose sender did not say: no proto3 message starts with `{`, `[` or `n`. */
export const sniffCodec = (message: Uint8Array): WireCodec => (jsonFirstBytes.has(message[0]) ? 'json' : 'proto');

/** One message as the handler's type. An empty JSON message is the empty message, as in v3. */
export const decodeMessage = <T>(codec: Codec<T>, wire: WireCodec, bytes: Uint8Array): T => {
  if (wire === 'proto') return codec.decode(bytes);
  return codec.fromJson(bytes.length === 0 ? '{}' : new TextDecoder().decode(bytes));
};

/** One message as bytes, in the codec of the request. */
export const encodeMessage = <T>(codec: Codec<T>, wire: WireCodec, value: T): Buffer => {
  if (wire === 'json') return Buffer.from(codec.toJson(value), 'utf8');
  const bytes = codec.encode(value);
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
