/** A node that costs next to nothing: sends every unary call's bytes back, straight from the frame engine. A program of its own, so that the proxy before it is what limits. Prints its address; ends with its standard input. */

import { connectionLimits } from '../../../internal/h2/connection-limits.ts';
import { createListener } from '../../../internal/h2/listener.ts';
import { encodeFields } from '../../../internal/h2/hpack/encoder.ts';

const head = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const trailers = encodeFields([['grpc-status', '0']]);

const listener = createListener({
  connectionsMax: 1_000,
  limits: {
    ...connectionLimits,
    streamsMax: 1_000,
    streamWindowBytes: 1_048_576,
    connectionWindowBytes: 4_194_304,
  },
  now: Date.now,
  onStream: (stream) => {
    const chunks: Buffer[] = [];
    return {
      headers: () => undefined,
      data: (chunk, end) => {
        stream.consumed(chunk.length);
        // A chunk is a view of what was read, and is sent in the same tick.
        chunks.push(end ? chunk : Buffer.from(chunk));
        if (!end) return;
        stream.sendHeaders(head, false);
        stream.sendData(chunks.length === 1 ? chunk : Buffer.concat(chunks), false);
        stream.sendHeaders(trailers, true);
      },
      writable: () => undefined,
      reset: () => undefined,
    };
  },
  onFault: (error) => console.error(error),
});
const { port } = await listener.listen('127.0.0.1', 0);
console.log(`127.0.0.1:${port}`);
process.stdin.on('end', () => process.exit(0)).resume();
