/** The protobuf messages that the wire benchmark sends, written by hand so that nothing of the measured code makes its own input. */

/** One field of wire type 2: bytes, text or a message. */
const lengthField = (number: number, value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
};

const varintField = (number: number, value: number): Buffer => Buffer.concat([varint(number << 3), varint(value)]);

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
};

/** everything.Fields with that much text; its answer is the same message. */
export const echoOf = (textBytes: number): Buffer => lengthField(1, 'x'.repeat(textBytes));

/** everything.RepeatRequest: `times` messages with that much data each. */
export const repeatOf = (times: number, dataBytes: number): Buffer =>
  Buffer.concat([varintField(1, times), lengthField(2, lengthField(9, Buffer.alloc(dataBytes, 1)))]);

/** registry.GetRequest. */
export const lookUpOf = (service: string): Buffer => lengthField(1, service);

/** store.ReadRequest. */
export const readOf = (key: string): Buffer => lengthField(1, key);

/** helloworld.Ping. */
export const pingOf = (stroke: number): Buffer => varintField(1, stroke);
