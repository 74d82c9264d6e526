/** Connections to nodes: shared, and replaced before the cancellations of some callers cost others their calls. */

import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';

import { nodeResetsMax } from '../../../internal/contract/limits.ts';
import { poll } from '../../../test/support/poll.ts';
import { suite } from '../../../test/support/suite.ts';
import { createNodeSessions } from './node-sessions.ts';

const test = suite('services/proxy: node sessions');

test('a connection that brought many cancellations takes no new calls, and finishes those it has', async () => {
  const connections = new Set<ServerHttp2Session>();
  const node = createServer((request, response) => {
    if (request.url === '/finish') response.end('done');
  });
  node.on('session', (session) => connections.add(session));
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
  const address = `127.0.0.1:${(node.address() as AddressInfo).port}`;
  const sessions = createNodeSessions();
  const { signal } = new AbortController();
  const open = (path: string) => sessions.request(address, { ':path': path, ':method': 'POST' }, signal);
  try {
    const waiting = await open('/wait');
    for (let n = 0; n < nodeResetsMax; n += 1) {
      const stream = await open('/cancel');
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
    }
    assert.is(connections.size, 1);
    const next = await open('/finish');
    next.end();
    let text = '';
    for await (const chunk of next) text += String(chunk);
    assert.is(text, 'done');
    assert.is(connections.size, 2);
    assert.not.ok(waiting.closed, 'the call on the old connection goes on');
    waiting.close(constants.NGHTTP2_CANCEL);
    await poll('the old connection to close', () => [...connections].filter((c) => !c.destroyed).length === 1);
  } finally {
    sessions.close();
    for (const connection of connections) connection.destroy();
    await new Promise((resolve) => node.close(resolve));
  }
});

test.run();
