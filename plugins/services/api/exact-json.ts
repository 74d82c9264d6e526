/** JSON whose numbers keep every digit: read, merged and written without passing through a double. Objects have no prototype. */

import { badRequest } from '../../../internal/contract/error.ts';

export type Json = null | boolean | string | RawNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}
/** A number as its own text. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}
// Node has these since version 22; the compiler's library does not list them yet.
const exact = JSON as unknown as ExactJson;

export const emptyObject = (): JsonObject => Object.create(null) as JsonObject;

/** Undefined when the text is not JSON. */
export const tryParse = (text: string): Json | undefined => {
  try {
    return exact.parse(text, (_key, value, { source }) => {
      if (typeof value === 'number') return exact.rawJSON(source ?? String(value));
      if (typeof value !== 'object' || value === null || Array.isArray(value) || exact.isRawJSON(value)) return value;
      return Object.assign(emptyObject(), value);
    }) as Json;
  } catch {
    return undefined;
  }
};

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !exact.isRawJSON(value);

/** JSON merge patch: the patch wins, objects are merged, null removes (RFC 7396). Changes and returns the target. */
export const mergePatch = (target: JsonObject, patch: JsonObject): JsonObject => {
  for (const [key, value] of Object.entries(patch)) {
    const before = target[key];
    if (value === null) delete target[key];
    else if (isObject(value)) target[key] = mergePatch(isObject(before) ? before : emptyObject(), value);
    else target[key] = value;
  }
  return target;
};

/** Throws badRequest when it is nested too deep to be written. */
export const stringify = (value: Json): string => {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw badRequest('go.micro.api', 'JSON is nested too deep', { cause });
  }
};
