/** The two places that lean on grpc-js internals: these tests fail when an upgrade takes the ground away. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

import { Client, credentials, ServerCredentials } from '@grpc/grpc-js';

import { frame, openSession, rawCall } from '../../test/conformance/raw-grpc.ts';
import { suite } from '../../test/support/suite.ts';
import { createCatchAllServer } from './catch-all.ts';
import { rawMetadata } from './raw-metadata.ts';

const test = suite('grpc-js internals');

test('every path reaches the one handler as raw bidi', async () => {
  const paths: string[] = [];
  const server = createCatchAllServer({}, (path, call) => {
    paths.push(path);
    call.once('data', (message: Buffer) => {
      call.write(message);
      call.end();
    });
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (e, p) =>
      e === null ? resolve(p) : reject(e),
    ),
  );
  const session = openSession(`127.0.0.1:${port}`);
  for (const path of ['/a.B/C', '/never.registered.Thing/Method', '/odd'])
    assert.deepEqual((await rawCall(session, { path, body: frame('x'), open: true })).messages.map(String), ['x']);
  assert.deepEqual(paths, ['/a.B/C', '/never.registered.Thing/Method', '/odd']);
  session.destroy();
  server.forceShutdown();
});

test('the content type we ask for is the one that is sent', async () => {
  const sent: unknown[] = [];
  const server = createServer();
  server.on('stream', (stream, headers) => {
    sent.push(headers['content-type'], headers.extra);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new Client(`127.0.0.1:${(server.address() as AddressInfo).port}`, credentials.createInsecure());
  const same = (b: Buffer): Buffer => b;
  const metadata = rawMetadata('application/grpc+json', { extra: 'kept' }, {});
  await new Promise<void>((resolve) => {
    client.makeUnaryRequest('/a.B/C', same, same, Buffer.alloc(0), metadata, {}, () => resolve());
  });
  assert.deepEqual(sent, ['application/grpc+json', 'kept']);
  client.close();
  server.close();
});

test.run();
