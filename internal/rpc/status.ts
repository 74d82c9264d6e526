/** MicroError <-> gRPC status (wire.md 2.4): the JSON in grpc-message, the details trailer, and what a client makes of both. Owns no I/O. */

import type { GrpcStatus } from '../contract/call-transport.ts';
import {
  codeOfGrpc,
  errorFields,
  grpcStatus,
  type MicroError,
  type MicroErrorJson,
  microError,
  parseMicroError,
  type Hint,
} from '../contract/error.ts';
import { errorDetailCharsMax } from '../contract/limits.ts';

/** The ids of errors that arise in the client and in the server, as v3 names them. */
export const clientErrorId = 'go.micro.client';
export const serverErrorId = 'go.micro.server';

/** Details above this many characters are sent in grpc-message only, so that both together stay below the header limit. */
const detailsCharsMax = 2_048;

const goEscapes: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

/** The error JSON as Go writes it: `<`, `>` and `&` escaped, lone surrogates replaced. */
export const errorJson = (error: MicroErrorJson & Hint): string =>
  JSON.stringify(errorFields(error))
    .replace(/[<>&]/g, (c) => goEscapes[c] as string)
    .toWellFormed();

const cut = (text: string): string => {
  const whole = text.toWellFormed();
  return whole.length <= errorDetailCharsMax ? whole : `${whole.slice(0, errorDetailCharsMax).toWellFormed()}…`;
};

/** What the server sends for an error. An over-long detail is cut at errorDetailCharsMax. `code` is the gRPC code where the error's own does not say it. */
export const statusOfError = (error: MicroErrorJson & Hint, code: number = grpcStatus(error.code)): GrpcStatus => {
  const { hint } = error;
  const short = { ...errorFields(error), id: cut(error.id), detail: cut(error.detail) };
  const message = errorJson({ ...short, hint: hint === undefined ? undefined : cut(hint) });
  // A status of OK would make the caller wait for a message that never comes.
  const safe = code === 0 ? 2 : code;
  const details = message.length > detailsCharsMax ? undefined : encodeStatusDetails(safe, message, short);
  return { code: safe, message, details };
};

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
};

const bytesField = (field: number, value: Uint8Array): Buffer =>
  value.length === 0
    ? Buffer.alloc(0)
    : Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(value.length)]), value]);
const textField = (field: number, value: string): Buffer => bytesField(field, Buffer.from(value, 'utf8'));
const intField = (field: number, value: number): Buffer =>
  value === 0 ? Buffer.alloc(0) : Buffer.from([...varint(field * 8), ...varint(value)]);

/** google.rpc.Status with one Any of errors.Error, written by hand: three flat messages are not worth a schema. */
const encodeStatusDetails = (code: number, message: string, error: MicroErrorJson): Buffer => {
  const detail = Buffer.concat([
    textField(1, error.id),
    intField(2, error.code),
    textField(3, error.detail),
    textField(4, error.status),
  ]);
  const any = Buffer.concat([textField(1, 'type.googleapis.com/errors.Error'), bytesField(2, detail)]);
  return Buffer.concat([intField(1, code), textField(2, message), bytesField(3, any)]);
};

/** Errors nested in each other's detail by old proxies are unwrapped this deep. */
const nestingMax = 8;

/** The innermost micro error of a JSON text; undefined when the text is not one. */
export const unwrapError = (text: string): MicroError | undefined => {
  let found = parseMicroError(text);
  for (let depth = 0; found !== undefined && depth < nestingMax; depth += 1) {
    const inner = parseMicroError(found.detail);
    if (inner === undefined) return found;
    found = inner;
  }
  return found;
};

/** What a caller gets for a bad status: the service's own error, or one with id go.micro.client and the code that comes nearest, which Go clients leave at 500. */
export const errorOfStatus = (status: { readonly code: number; readonly details: string }): MicroError => {
  const sent = unwrapError(status.details);
  if (sent !== undefined) return sent;
  if (status.code === 4) return microError(408, clientErrorId, 'context deadline exceeded');
  if (status.code === 1) return microError(499, clientErrorId, 'context canceled');
  return microError(codeOfGrpc(status.code), clientErrorId, status.details);
};

/** grpc-message on the wire: bytes outside printable ASCII and `%` percent-encoded. */
export const encodeGrpcMessage = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
      Array.from(Buffer.from(part, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );

/** What encodeGrpcMessage made; text that it did not make comes out as it is. */
export const decodeGrpcMessage = (text: string): string => {
  // One character per byte, as the engine has it.
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

/** The trailers of a status, for whoever writes HTTP/2 headers itself. */
export const trailersOfStatus = ({ code, message, details }: GrpcStatus): Readonly<Record<string, string>> => {
  const trailers = { 'grpc-status': String(code), 'grpc-message': encodeGrpcMessage(message) };
  return details === undefined
    ? trailers
    : { ...trailers, 'grpc-status-details-bin': details.toString('base64').replace(/=+$/, '') };
};

/** The trailers of an error. */
export const trailersOfError = (error: MicroErrorJson & Hint, code?: number): Readonly<Record<string, string>> =>
  trailersOfStatus(statusOfError(error, code));
