/** The place that leans on grpc-js internals: this test fails when an upgrade takes the ground away. */

import assert from 'node:assert/strict';

import { ServerCredentials } from '@grpc/grpc-js';

import { frame, openSession, rawCall } from '../../test/conformance/raw-grpc.ts';
import { suite } from '../../test/support/suite.ts';
import { createCatchAllServer } from './catch-all.ts';

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

test.run();
