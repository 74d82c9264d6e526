/** Two connections with each other, over a socket that takes little at a time: bodies of any size arrive whole in both directions, whatever the windows, and nothing is left behind. */

import { duplexPair } from 'node:stream';

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { type Connection, createConnection } from './connection.ts';
import { fieldValue } from './header-block.ts';
import { encodeFields } from './hpack/encoder.ts';
import type { Stream, StreamReader } from './stream.ts';

const test = suite('http/2 exchange');

const request = encodeFields([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
]);
const response = encodeFields([[':status', '200']]);
const trailers = encodeFields([['grpc-status', '0']]);

interface Plan {
  readonly socketBytes: number;
  readonly serverWindow: number;
  readonly clientWindow: number;
  readonly connectionWindow: number;
  readonly chunkBytes: number;
  readonly bodies: readonly number[];
}

const windows = fc.constantFrom(65_535, 70_000, 200_000);
const plans: fc.Arbitrary<Plan> = fc.record({
  socketBytes: fc.constantFrom(100, 16_384, 65_536),
  serverWindow: windows,
  clientWindow: windows,
  connectionWindow: fc.constantFrom(65_535, 70_000, 1_000_000),
  chunkBytes: fc.constantFrom(200, 1_000, 16_384, 50_000),
  bodies: fc.array(fc.oneof(fc.nat(100), fc.nat(250_000)), { minLength: 1, maxLength: 4 }),
});

test('bodies come back whole', () =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const faults: unknown[] = [];
      const { client, server } = connectedPair(plan, faults);
      const bodies = plan.bodies.map((bytes, i) => Buffer.alloc(bytes, `body ${i}, `));
      const echoes = await Promise.all(bodies.map((body) => callEcho(client, { body, chunkBytes: plan.chunkBytes })));
      echoes.forEach((echo, i) => assert.ok(echo.equals(bodies[i]!), `body ${i} of ${bodies[i]!.length} bytes`));
      assert.is(client.streamCount, 0);
      assert.is(server.streamCount, 0);
      assert.equal(faults, []);
      client.destroy();
      server.destroy();
    }),
    { numRuns: 15 },
  ));

const connectedPair = (plan: Plan, faults: unknown[]): { client: Connection; server: Connection } => {
  const [clientSocket, serverSocket] = duplexPair({ highWaterMark: plan.socketBytes });
  const shared = {
    remote: '',
    streamsMax: 10,
    now: () => 0,
    onClose: () => undefined,
    onFault: (e: unknown) => faults.push(e),
  };
  return {
    server: createConnection({
      ...shared,
      role: 'server',
      socket: serverSocket,
      streamWindowBytes: plan.serverWindow,
      connectionWindowBytes: plan.connectionWindow,
      onStream: (stream) => echo(stream, plan),
    }),
    client: createConnection({
      ...shared,
      role: 'client',
      socket: clientSocket,
      streamWindowBytes: plan.clientWindow,
    }),
  };
};

/** Gives credit back only for what has left again, as a proxy does: so it never holds more than its own window. */
const echo = (stream: Stream, plan: Plan): StreamReader => {
  let owed = 0;
  stream.sendHeaders(response, false);
  return {
    headers: () => assert.unreachable('trailers that nobody sent'),
    data: (chunk, endStream) => {
      if (stream.sendData(Buffer.from(chunk), false)) stream.consumed(chunk.length);
      else owed += chunk.length;
      assert.ok(stream.pendingBytes <= plan.serverWindow, `${stream.pendingBytes} wait`);
      if (endStream) stream.sendHeaders(trailers, true);
    },
    writable: () => {
      stream.consumed(owed);
      owed = 0;
    },
    reset: (code) => assert.unreachable(`reset with ${code}`),
  };
};

/** Sends the body as there is room for it; resolves with what came back before the trailers. */
const callEcho = (client: Connection, { body, chunkBytes }: { body: Buffer; chunkBytes: number }): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sent = 0;
    const send = (): void => {
      let room = true;
      while (room && sent < body.length) {
        const end = Math.min(sent + chunkBytes, body.length);
        room = stream.sendData(body.subarray(sent, end), end === body.length);
        sent = end;
      }
    };
    const stream = client.open(request, false, {
      headers: (block, endStream) => {
        if (endStream) {
          assert.is(fieldValue(block, 'grpc-status'), '0');
          resolve(Buffer.concat(chunks));
        }
      },
      data: (chunk) => {
        chunks.push(Buffer.from(chunk));
        stream.consumed(chunk.length);
      },
      writable: send,
      reset: (code) => reject(new Error(`reset with ${code}`)),
    });
    if (body.length === 0) stream.sendData(body, true);
    else send();
  });

test.run();
