/** Makes the Codec of one message type from a protobufjs class (static or reflected) and its layout. Faults in the bytes or the JSON become badRequest. */

import { badRequest } from '../contract/error.ts';
import type { Codec } from '../contract/handler.ts';
import { readJson } from './json-read.ts';
import { writeJson } from './json-write.ts';
import type { SchemaData } from './schema-data.ts';

/** The part of a protobufjs message class that is used here; static classes and reflected types both have it. */
export interface MessageClass {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromObject(plain: object): object;
  toObject(message: object, o: object): object;
}

/** Plain values: 64-bit as bigint, enums as names, every field present (unset messages null). Built once: it is read on every call. */
const plainForm = Object.freeze({ longs: BigInt, enums: String, defaults: true });

export const createCodec = <T>(type: () => MessageClass, schema: SchemaData, message: string): Codec<T> => ({
  decode: (bytes) => {
    try {
      const t = type();
      return t.toObject(t.decode(bytes), plainForm) as T;
    } catch (e) {
      throw badRequest('codec', `cannot decode ${message}: ${reason(e)}`, { cause: e });
    }
  },
  encode: (value) => {
    try {
      const t = type();
      return t.encode(t.fromObject(value as object)).finish();
    } catch (e) {
      throw badRequest('codec', `cannot encode ${message}: ${reason(e)}`, { cause: e });
    }
  },
  fromJson: (text) => {
    // Through the class, so that a value from JSON has the same defaults as one from bytes.
    const plain = readJson(schema, message, text);
    try {
      const t = type();
      return t.toObject(t.fromObject(plain), plainForm) as T;
    } catch (e) {
      throw badRequest('codec', `cannot read ${message}: ${reason(e)}`, { cause: e });
    }
  },
  toJson: (value) => writeJson(schema, message, value),
});

const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e));
