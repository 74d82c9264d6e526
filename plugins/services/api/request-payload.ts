/** The message a service gets for an HTTP request: query, form and JSON body become one JSON text (wire.md 6.5). Pure. */

import { badRequest, microError } from '../../../internal/contract/error.ts';
import type { ValueTree } from '../../../internal/contract/handler.ts';
import { messageBytesMax } from '../../../internal/contract/limits.ts';
import { isObject, mergePatch, stringify, tryParse } from './exact-json.ts';
import { parseForm, parseQuery } from './query.ts';

export interface PayloadRequest {
  readonly method: string;
  /** Without its parameters, lower-case; empty for none. */
  readonly contentType: string;
  readonly query: string;
  readonly body: Uint8Array;
  /** The registered request of the endpoint, when it is known. */
  readonly shape: ValueTree | undefined;
}

const id = 'go.micro.api';
/** What v3 carries in other ways than as a JSON text, and we do not. */
const unsupported =
  /^(multipart\/.*|application\/(json-rpc|proto-rpc|octet-stream|proto|protobuf|x-protobuf|grpc(\+proto|\+bytes)?))$/;

const isForm = (contentType: string): boolean => contentType === 'application/x-www-form-urlencoded';

/** The JSON text to call with. A body goes on byte for byte when the query adds nothing to it. */
export const payloadOf = (request: PayloadRequest): Uint8Array => {
  if (unsupported.test(request.contentType))
    throw microError(415, id, `Unsupported Content-Type: ${request.contentType}`, {
      hint: 'send application/json or application/x-www-form-urlencoded',
    });
  const payload = build(request);
  if (payload.length > messageBytesMax)
    throw microError(413, id, `message is too large (messageBytesMax: ${messageBytesMax})`);
  return payload;
};

const build = ({ method, contentType, query, body, shape }: PayloadRequest): Uint8Array => {
  const hasBody = method !== 'GET' && body.length > 0;
  if (isForm(contentType) && hasBody && !looksLikeObject(body)) return bytes(stringify(parseForm(query, textOf(body))));
  const fields = parseQuery(query, shape);
  if (Object.keys(fields).length === 0) return hasBody ? body : bytes('{}');
  if (!hasBody) return bytes(stringify(fields));
  const patch = tryParse(textOf(body));
  if (patch === undefined) throw badRequest(id, 'body is not valid JSON');
  // A body that is no object replaces what the query said, as a merge patch does.
  return bytes(stringify(isObject(patch) ? mergePatch(fields, patch) : patch));
};

/** curl calls everything a form; no browser writes a brace into one without escaping it. */
const looksLikeObject = (body: Uint8Array): boolean =>
  Buffer.from(body.subarray(0, 64)).toString().trimStart().startsWith('{');

const bytes = (text: string): Uint8Array => Buffer.from(text);

const textOf = (body: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw badRequest(id, 'body is not valid UTF-8', { cause });
  }
};
