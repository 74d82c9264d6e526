/** Puts a message on a stream as gRPC frames it, for callers and servers alike. Keeps nothing. */

import type { Stream } from '../h2/stream.ts';
import { prefixBytes } from './message-reader.ts';

/** Messages up to this size are copied behind their prefix: one frame is cheaper than two. */
const copyBytesMax = 16 * 1_024;

/** Sends one message with its prefix, and the end of the stream behind the last one; false when there is no room for another one. */
export const sendMessage = (stream: Stream, message: Buffer, last = false): boolean => {
  const { length } = message;
  const copied = length <= copyBytesMax;
  const head = Buffer.allocUnsafe(prefixBytes + (copied ? length : 0));
  head[0] = 0;
  head.writeUInt32BE(length, 1);
  if (copied) message.copy(head, prefixBytes);
  const room = stream.sendData(head, copied && last);
  return copied ? room : stream.sendData(message, last);
};
