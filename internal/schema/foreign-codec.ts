/** The Codec of a message whose layout came from elsewhere: the same JSON as our own codecs, the bytes without any code made for them. */

import type { Codec } from '../contract/handler.ts';
import { checkJsonItems, checkWireItems } from './item-bounds.ts';
import { readJson } from './json-read.ts';
import { writeJson } from './json-write.ts';
import type { SchemaData } from './schema-data.ts';
import { readWire } from './wire-read.ts';
import { writeWire } from './wire-write.ts';

/** Values keep what was given: fields that JSON leaves out are unset. Faults are badRequest. */
export const foreignCodec = (schema: SchemaData, message: string): Codec => ({
  decode: (bytes) => {
    checkWireItems(schema, message, bytes);
    return readWire(schema, message, bytes);
  },
  encode: (value) => writeWire(schema, message, value),
  fromJson: (text) => {
    checkJsonItems(message, text);
    return readJson(schema, message, text);
  },
  toJson: (value) => writeJson(schema, message, value),
});
