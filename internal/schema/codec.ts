/** Makes the Codec of one message type from a protobufjs class (static or reflected) and its layout. Faults in the bytes, the JSON or the value become badRequest. */

import { badRequest, isMicroError } from '../contract/error.ts';
import type { Codec } from '../contract/handler.ts';
import { checkJsonItems, checkWireItems } from './item-bounds.ts';
import { readJson } from './json-read.ts';
import { writeJson } from './json-write.ts';
import { type PlainForm, plainForm } from './plain-form.ts';
import type { SchemaData } from './schema-data.ts';

/** The part of a protobufjs message class that is used here; static classes and reflected types both have it. */
export interface MessageClass {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromObject(plain: object): object;
  toObject(message: object, o: object): object;
}

/** 64-bit as bigint, enums as names, every field present (unset messages null). One object, since it is read on every call. */
const conversion = Object.freeze({ longs: BigInt, enums: String, defaults: true });

/** `type` and the layout are read at first use, so that a codec costs nothing until then. */
export const createCodec = <T>(type: () => MessageClass, schema: SchemaData, message: string): Codec<T> => {
  let made: { readonly type: MessageClass; readonly form: PlainForm } | undefined;
  const parts = () => (made ??= { type: type(), form: plainForm(schema, message) });

  const plainOf = (instance: object): object => {
    const { type, form } = parts();
    const value = type.toObject(instance, conversion);
    form.decoded(value);
    return value;
  };
  const instanceOf = (value: unknown): object => {
    const { type, form } = parts();
    return type.fromObject(form.toEncode((value ?? {}) as object));
  };

  return {
    decode: (bytes) => {
      try {
        checkWireItems(schema, message, bytes);
        return plainOf(parts().type.decode(bytes)) as T;
      } catch (e) {
        throw fault(`cannot decode ${message}`, e);
      }
    },
    encode: (value) => {
      try {
        return parts().type.encode(instanceOf(value)).finish();
      } catch (e) {
        throw fault(`cannot encode ${message}`, e);
      }
    },
    fromJson: (text) => {
      try {
        checkJsonItems(message, text);
        // Through the class, so that a value from JSON has the same defaults as one from bytes.
        return plainOf(instanceOf(readJson(schema, message, text))) as T;
      } catch (e) {
        throw fault(`cannot read ${message}`, e);
      }
    },
    toJson: (value) => {
      try {
        // Through the class, so that what a handler returns in JSON is what it would be in bytes.
        return writeJson(schema, message, plainOf(instanceOf(value)));
      } catch (e) {
        throw fault(`cannot write ${message}`, e);
      }
    },
  };
};

const fault = (doing: string, e: unknown): Error => {
  if (isMicroError(e)) return e;
  return badRequest('codec', `${doing}: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
};
