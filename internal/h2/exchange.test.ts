/** Two connections with each other, over a socket that takes little at a time: bodies of any size arrive whole in both directions, whatever the windows and whoever gives up other calls, and nothing is left behind. */

import { duplexPair } from 'node:stream';

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { type Connection, createConnection } from './connection.ts';
import { connectionLimits } from './connection-limits.ts';
import { errorCode } from './error.ts';
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

const limitsOf = (streamWindowBytes: number, connectionWindowBytes: number | undefined) => ({
  ...connectionLimits,
  streamsMax: 10,
  streamWindowBytes,
  connectionWindowBytes,
});

/** Who gives a call up, and after how many bytes that it received. */
interface GivenUp {
  readonly by: 'client' | 'server';
  readonly afterBytes: number;
}
const givenUp: fc.Arbitrary<GivenUp> = fc.record({
  by: fc.constantFrom('client', 'server'),
  afterBytes: fc.oneof(fc.nat(10), fc.nat(100_000)),
});

test('calls given up at any point leave the credit of their connections whole', () =>
  fc.assert(
    fc.asyncProperty(plans, fc.array(givenUp, { minLength: 5, maxLength: 15 }), async (plan, calls) => {
      const faults: unknown[] = [];
      const { client, server } = connectedPair(plan, faults);
      const body = Buffer.alloc(150_000, 'x');
      // More than any window in all: credit that is lost would stop the last call.
      await Promise.all(calls.slice(0, 8).map((call) => callAndGiveUp(client, { ...call, body })));
      for (const call of calls.slice(8)) await callAndGiveUp(client, { ...call, body });
      const echo = await callEcho(client, { body, chunkBytes: plan.chunkBytes });
      assert.ok(echo.equals(body));
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
    now: () => 0,
    onClose: () => undefined,
    onFault: (e: unknown) => faults.push(e),
  };
  return {
    server: createConnection({
      ...shared,
      role: 'server',
      socket: serverSocket,
      limits: limitsOf(plan.serverWindow, plan.connectionWindow),
      onStream: (stream, block) => {
        const afterBytes = fieldValue(block, 'x-give-up-after');
        return afterBytes === undefined ? echo(stream, plan) : giveUp(echo(stream, plan), stream, Number(afterBytes));
      },
    }),
    client: createConnection({
      ...shared,
      role: 'client',
      socket: clientSocket,
      limits: limitsOf(plan.clientWindow, undefined),
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
    // A caller that gives up.
    reset: (code) => assert.is(code, errorCode.cancel),
  };
};

/** The reader, on a stream that is reset once so many bytes have come. */
const giveUp = (reader: StreamReader, stream: Stream, afterBytes: number): StreamReader => {
  let came = 0;
  return {
    ...reader,
    data: (chunk, endStream) => {
      came += chunk.length;
      if (came >= afterBytes) stream.reset(errorCode.cancel);
      else reader.data(chunk, endStream);
    },
  };
};

/** Sends the body at once and resolves when one side has given the call up, or when all of it came back first. */
const callAndGiveUp = (client: Connection, { by, afterBytes, body }: GivenUp & { body: Buffer }): Promise<void> =>
  new Promise((resolve) => {
    const head =
      by === 'server' ? Buffer.concat([request, encodeFields([['x-give-up-after', `${afterBytes}`]])]) : request;
    let came = 0;
    const stream: Stream = client.open(head, false, {
      headers: (_block, endStream) => {
        if (endStream) resolve();
      },
      data: (chunk) => {
        came += chunk.length;
        if (by === 'client' && came >= afterBytes) {
          stream.reset(errorCode.cancel);
          resolve();
        } else stream.consumed(chunk.length);
      },
      writable: () => undefined,
      reset: () => resolve(),
    });
    stream.sendData(body, true);
  });

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
