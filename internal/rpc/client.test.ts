/** The client against peers that are not ours: servers of node:http2 that refuse, leave, answer oddly or take few calls, and what it keeps open. What every call must do is in test/conformance/client.ts. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type Http2Server, type ServerHttp2Stream, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';

import { frame } from '../../test/conformance/raw-grpc.ts';
import { poll } from '../../test/support/poll.ts';
import { suite } from '../../test/support/suite.ts';
import { openTcpRelay } from '../../test/support/tcp-relay.ts';
import { isMicroError, type MicroErrorJson } from '../contract/error.ts';
import { headerBytesMax, messageBytesMax, nodeQuietMs, nodeResetsMax, nodeSilentMs } from '../contract/limits.ts';
import { createRpcClient, type RpcClient } from './client.ts';
import { isConnectionFault, wasNeverSent } from './transport-error.ts';

const test = suite('rpc client');
const path = '/a.B/C';

type Answer = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void;

interface Peer {
  readonly address: string;
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[];
}

const portOf = (server: Server | Http2Server): number => (server.address() as AddressInfo).port;

/** A peer and a client, both gone when the body is done. */
const withPeer = async (
  answer: Answer,
  body: (rpc: RpcClient, peer: Peer) => Promise<void>,
  settings: Parameters<typeof createServer>[0] = {},
): Promise<void> => {
  const server = createServer(settings);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rpc = createRpcClient();
  try {
    await body(rpc, { address: `127.0.0.1:${portOf(server)}`, server, sessions });
  } finally {
    await rpc.close();
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
};

const head = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** Headers, these messages, and OK or other trailers. */
const respond = (
  stream: ServerHttp2Stream,
  messages: readonly (string | Buffer)[] = ['ok'],
  trailers: Record<string, string> = { 'grpc-status': '0' },
): void => {
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  for (const message of messages) stream.write(typeof message === 'string' ? frame(message) : message);
  stream.end();
};

const failsWith = async (work: Promise<unknown>, want: Partial<MicroErrorJson>): Promise<unknown> => {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (e: unknown) => e,
  );
  assert.ok(isMicroError(error), String(error));
  const { id, code, detail } = error;
  assert.deepEqual({ id, code, detail, ...want }, { id, code, detail });
  return error;
};

const call = async (rpc: RpcClient, address: string, o?: Parameters<RpcClient['call']>[3]): Promise<string> =>
  String(Buffer.from(await rpc.call(address, path, Buffer.from('x'), o)));

test('what is sent is what a gRPC peer expects', async () => {
  const seen: Readonly<Record<string, unknown>>[] = [];
  const answer: Answer = (stream, headers) => {
    seen.push(headers);
    respond(stream);
  };
  await withPeer(answer, async (rpc, { address }) => {
    await call(rpc, address, {
      contentType: 'application/grpc+json',
      timeoutMs: 20_000,
      namespace: 'n',
      token: 't',
      metadata: { 'Some-Key': ' v ', 'a-bin': 'AAEC', te: 'x', 'grpc-timeout': '1n', 'content-type': 'text/html' },
    });
    const [headers = {}] = seen;
    const { traceparent, 'grpc-timeout': timeout, ...rest } = headers;
    assert.match(String(traceparent), /^00-/);
    assert.match(String(timeout), /^(20000|1\d{4})m$/);
    assert.deepEqual(Object.fromEntries(Object.entries(rest)), {
      ':method': 'POST',
      ':scheme': 'http',
      ':path': path,
      ':authority': address,
      te: 'trailers',
      'content-type': 'application/grpc+json',
      'x-content-type': 'application/grpc+json',
      'user-agent': 'micro',
      timeout: '20000000000',
      'micro-namespace': 'n',
      authorization: 'Bearer t',
      'some-key': 'v',
      'a-bin': 'AAEC',
    });
  });
});

const id = 'go.micro.client';
const answers: Readonly<Record<string, { answer: Answer; fails: Partial<MicroErrorJson> }>> = {
  'a status alone': {
    answer: (s) =>
      s.respond({ ...head, 'grpc-status': '5', 'grpc-message': 'not%20here: %C3%A9' }, { endStream: true }),
    fails: { id, code: 404, detail: 'not here: é' },
  },
  'an error of micro': {
    answer: (s) =>
      respond(s, [], {
        'grpc-status': '13',
        'grpc-message': '{"id":"a.B","code":409,"detail":"d","status":"Conflict"}',
      }),
    fails: { id: 'a.B', code: 409, detail: 'd' },
  },
  'a message and then an error': {
    answer: (s) => respond(s, ['m'], { 'grpc-status': '16', 'grpc-message': 'who' }),
    fails: { id, code: 401, detail: 'who' },
  },
  'two messages': {
    answer: (s) => respond(s, ['m', 'n']),
    fails: { id, code: 500, detail: '/a.B/C answered a unary call with more than one message' },
  },
  'a status of HTTP': {
    answer: (s) => s.respond({ ':status': 502 }, { endStream: true }),
    fails: { id, code: 503, detail: 'Received HTTP status code 502' },
  },
  'a page': {
    answer: (s) => {
      s.respond({ ':status': 200, 'content-type': 'text/html' });
      s.end('<p>');
    },
    fails: { id, code: 500, detail: '/a.B/C was answered with content-type "text/html", which is not gRPC' },
  },
  'no status': {
    answer: (s) => {
      s.respond(head);
      s.end(frame('m'));
    },
    fails: { id, code: 500, detail: 'the answer of /a.B/C ended without a status' },
  },
  'half a message': {
    answer: (s) => respond(s, [frame('whole').subarray(0, 7)]),
    fails: { id, code: 500, detail: 'the answer of /a.B/C ended inside a message' },
  },
  'a compressed message': {
    answer: (s) => respond(s, [Buffer.from('010000000141', 'hex')]),
    fails: { id, code: 500, detail: '/a.B/C answered with a compressed message, which was not asked for' },
  },
  'a message over the limit': {
    answer: (s) => respond(s, [Buffer.from('007fffffff', 'hex')]),
    fails: { id, code: 413, detail: `response of ${0x7fff_ffff} bytes is over messageBytesMax (${messageBytesMax})` },
  },
  'a reset': {
    answer: (s) => s.close(2),
    fails: { id, code: 500, detail: 'Received RST_STREAM with code 2' },
  },
  'the end of the connection': {
    answer: (s) => s.session?.destroy(),
    fails: { id, code: 500, detail: 'connection error: desc = "transport: Connection dropped"' },
  },
};

for (const [name, { answer, fails }] of Object.entries(answers))
  test(`${name} as an answer is told as it is, and the next call works`, async () => {
    let calls = 0;
    const first: Answer = (stream, headers) => {
      calls += 1;
      if (calls === 1) answer(stream, headers);
      else respond(stream);
    };
    await withPeer(first, async (rpc, { address }) => {
      const error = await failsWith(call(rpc, address), fails);
      assert.equal(wasNeverSent(error), false);
      assert.equal(isConnectionFault(error), name === 'the end of the connection');
      assert.equal(await call(rpc, address), 'ok');
    });
  });

test('calls share one connection', async () => {
  await withPeer(
    (stream) => respond(stream),
    async (rpc, { address, sessions }) => {
      await Promise.all(Array.from({ length: 20 }, () => call(rpc, address)));
      await call(rpc, address);
      assert.equal(sessions.length, 1);
    },
  );
});

test('no process waits for a connection that carries no calls', async () => {
  await withPeer(
    (stream) => respond(stream),
    async (_, { address }) => {
      const program = `
        import { createRpcClient } from ${JSON.stringify(import.meta.resolve('./client.ts'))};
        const answer = await createRpcClient().call('${address}', '${path}', Buffer.from('x'));
        console.log(String(answer));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
      assert.equal(stdout, 'ok\n');
    },
  );
});

test('a peer that goes away is dialled again; calls under way end as they would have', async () => {
  const held: ServerHttp2Stream[] = [];
  const answer: Answer = (stream) => void (held.length === 0 ? held.push(stream) : respond(stream));
  await withPeer(answer, async (rpc, { address, sessions }) => {
    const slow = call(rpc, address);
    await poll('the first call', () => held.length === 1);
    sessions[0]?.goaway(0, held[0]?.id);
    await poll('another connection', async () => {
      assert.equal(await call(rpc, address), 'ok');
      return sessions.length === 2;
    });
    respond(held[0] as ServerHttp2Stream, ['slow']);
    assert.equal(await slow, 'slow');
  });
});

test('a call that the peer refuses to look at goes out once more, by itself', async () => {
  let calls = 0;
  const answer: Answer = (stream) => {
    calls += 1;
    if (calls === 2) stream.close(7);
    else respond(stream);
  };
  await withPeer(answer, async (rpc, { address }) => {
    assert.equal(await call(rpc, address), 'ok');
    assert.equal(await call(rpc, address), 'ok');
    assert.equal(calls, 3);
  });
  await withPeer(
    (stream) => stream.close(7),
    async (rpc, { address }) => {
      const error = await failsWith(call(rpc, address), {
        detail: 'connection error: desc = "transport: Stream refused by server"',
      });
      assert.equal(wasNeverSent(error), true);
    },
  );
});

test('a peer that closes idle connections is dialled again', async () => {
  const connected: ServerHttp2Session[] = [];
  await withPeer(
    (stream) => respond(stream),
    async (rpc, { address, sessions }) => {
      for (let i = 1; i <= 3; i += 1) {
        assert.equal(await call(rpc, address), 'ok');
        assert.equal(sessions.length, i);
        const session = sessions[i - 1] as ServerHttp2Session;
        connected.push(session);
        const closed = new Promise((resolve) => session.once('close', resolve));
        session.close();
        await closed;
      }
    },
  );
});

test('a peer that takes few calls on one connection gets more connections, none with more than that', async () => {
  let most = 0;
  const open = new Map<unknown, number>();
  const answer: Answer = (stream) => {
    const count = (open.get(stream.session) ?? 0) + 1;
    open.set(stream.session, count);
    most = Math.max(most, count);
    setImmediate(() => {
      open.set(stream.session, (open.get(stream.session) ?? 0) - 1);
      respond(stream);
    });
  };
  await withPeer(
    answer,
    async (rpc, { address, sessions }) => {
      const texts = await Promise.all(Array.from({ length: 200 }, () => call(rpc, address)));
      assert.deepEqual(new Set(texts), new Set(['ok']));
      assert.ok(sessions.length > 1, `${sessions.length} connections`);
      assert.ok(most <= 2, `${most} calls on one connection`);
    },
    { settings: { maxConcurrentStreams: 2 } },
  );
});

test('cancelled calls wear a connection out before the peer cuts it', async () => {
  const seen = new Set<unknown>();
  let resets = 0;
  const answer: Answer = (stream) => {
    seen.add(stream.session);
    stream.once('close', () => {
      resets += 1;
    });
  };
  await withPeer(answer, async (rpc, { address }) => {
    for (let i = 0; i < nodeResetsMax + 10; i += 1) {
      const abort = new AbortController();
      const before = resets;
      const ending = failsWith(call(rpc, address, { signal: abort.signal }), { code: 499, detail: 'context canceled' });
      if (i % 50 === 0) await poll('the call to arrive', () => seen.size > 0);
      setImmediate(() => abort.abort());
      await ending;
      if (i % 50 === 0) await poll('the reset', () => resets > before);
    }
    await poll('a second connection', () => seen.size === 2);
  });
});

const tcp = async (onSocket: (socket: Socket) => void): Promise<{ address: string; close(): Promise<void> }> => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${portOf(server)}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const strangers: Readonly<Record<string, { onSocket(socket: Socket): void; says: (address: string) => string }>> = {
  'speaks HTTP/1': {
    onSocket: (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    says: (address) => `connection error: desc = "error reading server preface: ${address} does not speak HTTP/2"`,
  },
  'hangs up': {
    onSocket: (socket) => socket.once('data', () => socket.end()),
    says: (address) => `connection error: desc = "error reading server preface: ${address} closed the connection"`,
  },
};

for (const [name, { onSocket, says }] of Object.entries(strangers))
  test(`a peer that ${name} is named, and no call was sent`, async () => {
    const stranger = await tcp(onSocket);
    const rpc = createRpcClient();
    const error = await failsWith(call(rpc, stranger.address), { id, code: 500, detail: says(stranger.address) });
    assert.equal(wasNeverSent(error), true);
    assert.equal(await rpc.connect(stranger.address), false);
    await rpc.close();
    await stranger.close();
  });

test('a peer that says nothing costs a call its time, not more', async () => {
  const silent = await tcp((socket) => socket.resume());
  const rpc = createRpcClient();
  await failsWith(call(rpc, silent.address, { timeoutMs: 50 }), { code: 408, detail: 'context deadline exceeded' });
  const abort = new AbortController();
  const waiting = failsWith(call(rpc, silent.address, { signal: abort.signal }), { code: 499 });
  abort.abort();
  await waiting;
  const reading = failsWith(rpc.stream(silent.address, path)[Symbol.asyncIterator]().next(), { code: 499 });
  await rpc.close();
  await reading;
  await silent.close();
});

test('refused connections and unknown hosts are told in the words of Go', async () => {
  const gone = await tcp(() => undefined);
  await gone.close();
  const rpc = createRpcClient();
  const error = await failsWith(call(rpc, gone.address), {
    id,
    code: 500,
    detail: `connection error: desc = "transport: Error while dialing dial tcp ${gone.address}: connect: connection refused"`,
  });
  assert.equal(wasNeverSent(error), true);
  assert.equal(isConnectionFault(error), true);
  await failsWith(call(rpc, 'no such address'), { code: 400 });
  await rpc.close();
});

test('headers over headerBytesMax are not sent', async () => {
  await withPeer(
    (stream) => respond(stream),
    async (rpc, { address }) => {
      const metadata = { large: 'x'.repeat(headerBytesMax) };
      await assert.rejects(call(rpc, address, { metadata }), /headerBytesMax/);
      assert.equal(await call(rpc, address), 'ok');
    },
  );
});

test('what the reader does not take is not held', async () => {
  let sent = 0;
  const message = frame(Buffer.alloc(16 * 1024));
  const answer: Answer = (stream) => {
    stream.respond(head);
    const more = (): void => {
      while (sent < 256 * 1024 * 1024 && !stream.destroyed) {
        sent += message.length;
        if (!stream.write(message)) break;
      }
    };
    stream.on('drain', more);
    more();
  };
  await withPeer(answer, async (rpc, { address }) => {
    const stream = rpc.stream(address, path);
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    let before = -1;
    await poll('the peer to stand still', () => {
      const still = sent === before;
      before = sent;
      return still;
    });
    assert.ok(sent < 8 * 1024 * 1024, `${sent} bytes for a reader of one message`);
    for (let i = 0; i < 1_000; i += 1) assert.equal((await reader.next()).value?.length, 16 * 1024);
    await reader.return?.();
  });
});

test('a peer that falls silent is let go, so that calls find it again', async () => {
  let time = Date.now();
  await withPeer(
    (stream) => respond(stream),
    async (_, { address, sessions }) => {
      const link = await openTcpRelay(address);
      const rpc = createRpcClient({ now: () => time });
      assert.equal(await call(rpc, link.address), 'ok');
      link.hold(true);
      time += nodeQuietMs;
      await failsWith(call(rpc, link.address, { timeoutMs: 50 }), { code: 408 });
      time += nodeSilentMs;
      await poll('the end of the connection', () => sessions[0]?.destroyed === true, 5_000);
      link.hold(false);
      assert.equal(await call(rpc, link.address), 'ok');
      assert.equal(sessions.length, 2);
      await rpc.close();
      await link.close();
    },
  );
});

test('closing the client ends what is under way', async () => {
  let arrived = 0;
  await withPeer(
    () => {
      arrived += 1;
    },
    async (rpc, { address }) => {
      const waiting = failsWith(call(rpc, address), { id, code: 499, detail: 'context canceled' });
      await poll('the call', () => arrived === 1);
      await rpc.close();
      await waiting;
      await failsWith(call(rpc, address), { code: 499 });
    },
  );
});

test.run();
