/** The interop client of grpc-go against its own server, which knows nothing of us and is registered by hand: what passes directly must pass through the proxy. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as assert from 'uvu/assert';

import { createRpcClient } from '../../internal/rpc/client.ts';
import { freePort } from '../support/free-port.ts';
import { goProgramFiles } from '../support/go-program.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';
import { accepts } from '../support/tcp.ts';

const test = suite('grpc interop');

/** Every case of the client that its own server passes without TLS, foreign credentials or load reports. */
const cases = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'rpc_soak',
  'channel_soak',
];

const caseLimitMs = 15_000;
/** The soak cases count slow answers as failures; how fast this machine is, is not what is tested. */
const patience = [
  '-soak_per_iteration_max_acceptable_latency_ms',
  String(caseLimitMs),
  '-soak_overall_timeout_seconds',
  '15',
];
const go = await goProgramFiles(['grpc-interop-client', 'grpc-interop-server']);

/** The case in which client and server race by design: what the server says first counts, also without a proxy. */
const races: ReadonlySet<string> = new Set(['cancel_after_begin']);
const raceTries = 5;

/** Runs one case, one that is a race several times until it passes. */
const runCase = async (client: string, name: string, o: { address: string; metadata?: string }): Promise<string> => {
  let said = await runOnce(client, name, o);
  for (let n = 1; n < raceTries && races.has(name) && said !== ''; n += 1) said = await runOnce(client, name, o);
  return said;
};

/** One run against an address; the last thing the client said when it did not pass. */
const runOnce = (client: string, name: string, o: { address: string; metadata?: string }): Promise<string> =>
  new Promise((resolve) => {
    const [host, port] = o.address.split(':') as [string, string];
    const args = ['-server_host', host, '-server_port', port, '-test_case', name, ...patience];
    if (o.metadata !== undefined) args.push('-additional_metadata', o.metadata);
    execFile(client, args, { timeout: caseLimitMs }, (error, _, stderr) =>
      resolve(error === null ? '' : stderr.trim().split('\n').at(-1) || error.message),
    );
  });

const nothing = new Uint8Array();

const varint = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];

if ('absent' in go) console.log(`SKIP the interop cases of grpc-go: ${go.absent}`);
else {
  const { 'grpc-interop-client': client, 'grpc-interop-server': program } = go.files;
  let server: Server;
  let caller: RpcCaller;
  let node: ChildProcess;
  let direct: string;

  test.before(async () => {
    server = await startServer();
    caller = await openAdminCaller(server.proxyAddress);
    const port = await freePort();
    direct = `127.0.0.1:${port}`;
    node = spawn(program, ['-port', String(port)], { stdio: 'ignore' });
    await poll('the interop server to listen', () => accepts(direct));
    await caller.call('registry', 'Registry.Register', {
      name: 'interop',
      version: 'latest',
      nodes: [{ id: 'interop-1', address: direct, metadata: { grpc: 'grpc.testing.TestService' } }],
      options: { ttl: '600' },
    });
  });

  test.after(async () => {
    node.kill('SIGKILL');
    await once(node, 'exit');
    await caller.close();
    await server.stop();
  });

  for (const name of cases)
    test(name, async () => {
      assert.is(await runCase(client, name, { address: direct }), '', 'without the proxy');
      const address = server.proxyAddress;
      assert.is(await runCase(client, name, { address }), '', 'through the proxy, without an account');
      const metadata = `authorization:Bearer ${caller.token}`;
      assert.is(await runCase(client, name, { address, metadata }), '', 'through the proxy, with a token');
    });

  test('our client calls the server of grpc-go: large answers, many calls, streams both ways, errors', async () => {
    const rpc = createRpcClient();
    const path = (method: string): string => `/grpc.testing.TestService/${method}`;
    /** SimpleRequest.response_size, field 2. */
    const sized = (bytes: number): Buffer => Buffer.from([0x10, ...varint(bytes)]);
    const large = await rpc.call(direct, path('UnaryCall'), sized(8 * 1024 * 1024));
    assert.ok(large.length > 8 * 1024 * 1024);
    const answers = await Promise.all(Array.from({ length: 300 }, () => rpc.call(direct, path('EmptyCall'), nothing)));
    assert.is(answers.filter(({ length }) => length === 0).length, 300);
    /** StreamingOutputCallRequest.response_parameters.size, fields 2 and 1. */
    const ask = (bytes: number): Buffer => {
      const size = [0x08, ...varint(bytes)];
      return Buffer.from([0x12, size.length, ...size]);
    };
    const chat = rpc.stream(direct, path('FullDuplexCall'));
    const sizes = [1, 70_000, 0, 300_000];
    const got: boolean[] = [];
    await chat.send(ask(sizes[0] as number));
    for await (const { length } of chat) {
      const size = sizes[got.length] as number;
      got.push(length >= size && length < size + 20);
      if (got.length < sizes.length) await chat.send(ask(sizes[got.length] as number));
      else chat.end();
    }
    assert.equal(got, [true, true, true, true]);
    await rpc.call(direct, path('UnimplementedCall'), nothing).then(
      () => assert.unreachable(),
      (e) => assert.is(e.code, 501),
    );
    await rpc.close();
  });
}

test.run();
