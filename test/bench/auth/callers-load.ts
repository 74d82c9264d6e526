/** Unary calls as fast as they are answered, each with the next of many heads in turn, which no load tool can do: prepared frames over plain sockets. */

import { once } from 'node:events';
import { connect } from 'node:net';

import { createFrameReader } from '../../../internal/h2/frame-reader.ts';
import {
  clientPreface,
  flag,
  frameOf,
  frameSizeDefault,
  frameType,
  headersFrames,
  settingsAck,
  settingsFrame,
  windowDefault,
  windowMax,
  windowUpdateFrame,
} from '../../../internal/h2/frame.ts';
import { frame } from '../../conformance/raw-grpc.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';

export interface CallersLoad {
  readonly address: string;
  /** Header blocks without dynamic table, taken in turn. */
  readonly heads: readonly Buffer[];
  /** One message, without its gRPC frame. */
  readonly message: Uint8Array;
  readonly connections: number;
  readonly streams: number;
  readonly calls: number;
}

/** Calls per second. Throws when a call was not answered with a message. */
export const runCallers = async (o: CallersLoad): Promise<number> => {
  let next = 0;
  const take = (): Buffer | undefined => (next < o.calls ? o.heads[next++ % o.heads.length] : undefined);
  const started = performance.now();
  const answered = await Promise.all(Array.from({ length: o.connections }, () => runConnection(o, take)));
  const seconds = (performance.now() - started) / 1_000;
  const messages = answered.reduce((sum, n) => sum + n, 0);
  if (messages !== o.calls) throw new Error(`${o.calls - messages} of ${o.calls} calls were not answered`);
  return o.calls / seconds;
};

/** Keeps `streams` calls in flight until there is nothing to take; resolves with how many messages came. */
const runConnection = async (o: CallersLoad, take: () => Buffer | undefined): Promise<number> => {
  const { host, port } = splitAddress(o.address);
  const socket = connect(Number(port), host).setNoDelay(true);
  await once(socket, 'connect');
  const body = frame(o.message);
  const ended = Promise.withResolvers<void>();
  let out: Buffer[] = [clientPreface, settingsFrame([]), windowUpdateFrame(0, windowMax - windowDefault)];
  let window = windowDefault;
  let streamId = -1;
  let open = 0;
  let messages = 0;

  const fill = (): void => {
    while (open < o.streams && window >= body.length) {
      const head = take();
      if (head === undefined) break;
      streamId += 2;
      open += 1;
      window -= body.length;
      out.push(
        headersFrames(head, { streamId, endStream: false, frameSizeMax: frameSizeDefault, sizeUpdate: streamId === 1 }),
      );
      out.push(frameOf({ type: frameType.data, flags: flag.endStream, streamId }, body));
    }
    if (out.length > 0) socket.write(Buffer.concat(out));
    out = [];
    if (open === 0) ended.resolve();
  };

  const reader = createFrameReader(frameSizeDefault, (type, flags, id, payload) => {
    if (type === frameType.settings && (flags & flag.ack) === 0) out.push(settingsAck);
    if (type === frameType.windowUpdate && id === 0) window += payload.readUInt32BE(0);
    if (type === frameType.ping && (flags & flag.ack) === 0)
      out.push(frameOf({ type, flags: flag.ack, streamId: 0 }, payload));
    if (type === frameType.data) messages += 1;
    if (type === frameType.rstStream || (type <= frameType.headers && (flags & flag.endStream) !== 0)) open -= 1;
  });
  socket.on('data', (chunk: Buffer) => {
    reader.feed(chunk);
    fill();
  });
  socket.on('error', ended.reject);
  socket.on('close', () => ended.resolve());
  fill();
  await ended.promise;
  socket.destroy();
  return messages;
};
