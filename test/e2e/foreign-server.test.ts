/** A gRPC server that knows nothing of micro, registered by hand: listed, explained and called in every way a service of micro is. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import * as assert from 'uvu/assert';

import { createRpcClient } from '../../internal/rpc/client.ts';
import { type ForeignServer, greeterProto, startGreeter } from '../fixture/foreign/greeter-server.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: foreign servers');
let server: Server;
let greeter: ForeignServer;

const micro = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await server.micro(args);
  assert.is(code, 0, `micro ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};

test.before(async () => {
  [server, greeter] = await Promise.all([startServer(), startGreeter()]);
  const told = await micro('registry', 'register', 'greeter', '--address', greeter.address, '--metadata', 'zone=a');
  assert.is(told, `registered greeter at ${greeter.address}: helloworld.v1.Greeter with 5 endpoints\n`);
});

test.after(async () => {
  await greeter?.stop();
  await server?.stop();
});

/** The states that a watch of health tells, one after the other. */
const nextState = (watch: AsyncIterable<Uint8Array>): (() => Promise<string>) => {
  const messages = watch[Symbol.asyncIterator]();
  return async () => JSON.parse(Buffer.from((await messages.next()).value as Uint8Array).toString('utf8')).status;
};

test('reading what it serves sends it no token', () => {
  assert.is(greeter.reflectionMetadata()?.get('authorization').length, 0);
});

test('it is listed, with its address and full names', async () => {
  assert.match(await micro('services'), /^greeter$/m);
  const page = await micro('get', 'service', 'greeter');
  assert.match(page, new RegExp(`^greeter-${greeter.address}\t${greeter.address}\t`, 'm'));
  for (const text of ['grpc=helloworld.v1.Greeter', 'zone=a', 'Endpoint: Greeter.Chat', 'times int64'])
    assert.ok(page.includes(text), text);
});

test('help shows its endpoints and the fields of their requests', async () => {
  const help = await micro('greeter', '--help');
  for (const word of ['chat', 'count', 'fail', 'gather', 'sayHello'])
    assert.match(help, new RegExp(`^\t${word}$`, 'm'));
  const page = await micro('greeter', 'sayHello', '--help');
  for (const flag of ['--name string', '--tone Tone', '--times int64']) assert.ok(page.includes(`\t${flag}\n`), page);
});

test('a dynamic command calls it with flags and prints JSON', async () => {
  const answer = JSON.parse(await micro('greeter', 'sayHello', '--name=John', '--tone=TONE_LOUD', '--times=2'));
  assert.is(answer.message, 'HELLO JOHN!!');
  assert.is(answer.length, '12');
  assert.is(answer.at, '2020-01-02T02:04:05Z');
  assert.ok(answer.seen['micro-namespace'] === 'micro');
});

test('micro call, micro stream and a streaming dynamic command reach it', async () => {
  const called = JSON.parse(await micro('call', 'greeter', 'Greeter.SayHello', '{"name": "Ann", "tone": 1}'));
  assert.is(called.message, 'HELLO ANN');
  const streamed = await micro('stream', 'greeter', 'Greeter.Count', '{"name": "x", "to": 3}');
  assert.equal(
    [...streamed.matchAll(/"message": "(x \d)"/g)].map((m) => m[1]),
    ['x 1', 'x 2', 'x 3'],
  );
  const dynamic = await micro('greeter', 'count', '--name=y', '--to=2');
  assert.equal(
    [...dynamic.matchAll(/"message": "(y \d)"/g)].map((m) => m[1]),
    ['y 1', 'y 2'],
  );
  assert.match(await micro('greeter', 'gather', '--name=one'), /"message": "one"/);
  assert.match(await micro('greeter', 'chat', '--name=two'), /"message": "Hello two"/);
});

test('the HTTP API calls it', async () => {
  const caller = await openAdminCaller(server.proxyAddress);
  const headers = { authorization: `Bearer ${caller.token}`, 'content-type': 'application/json' };
  const url = `http://${server.apiAddress}/greeter/sayHello`;
  const got = (await (await fetch(`${url}?name=Web&times=1`, { headers })).json()) as { message: string };
  assert.is(got.message, 'Hello Web!');
  const body = JSON.stringify({ name: 'Post' });
  const posted = (await (await fetch(url, { method: 'POST', headers, body })).json()) as { message: string };
  assert.is(posted.message, 'Hello Post');
  const failed = await fetch(`http://${server.apiAddress}/greeter/fail?code=5&message=gone`, { headers });
  assert.is(failed.status, 404);
  assert.match(await failed.text(), /"detail":"gone"/);
  await caller.close();
});

test('it gets no token of ours, and what is nobody to us may be its own', async () => {
  const caller = await openAdminCaller(server.proxyAddress);
  const client = createRpcClient();
  const root = new protobuf.Root().loadSync(greeterProto, { keepCase: true });
  const seen = async (token: string, isJson: boolean): Promise<Record<string, string>> => {
    const contentType = isJson ? 'application/grpc+json' : 'application/grpc+proto';
    const request = Buffer.from(isJson ? '{}' : '');
    const answer = await client.call(server.proxyAddress, '/greeter.Greeter/SayHello', request, { token, contentType });
    return isJson ? JSON.parse(Buffer.from(answer).toString('utf8')).seen : toPlain(root, answer).seen;
  };
  for (const isJson of [true, false]) {
    assert.is((await seen(caller.token, isJson)).authorization, undefined);
    assert.is((await seen('its-own', isJson)).authorization, 'Bearer its-own');
  }
  await client.close();
  await caller.close();
});

const toPlain = (root: protobuf.Root, bytes: Uint8Array): { seen: Record<string, string> } => {
  const type = root.lookupType('helloworld.v1.HelloReply');
  return type.toObject(type.decode(bytes)) as { seen: Record<string, string> };
};

test('mistakes are told as for any service', async () => {
  const refused = await server.micro(['greeter', 'sayHello', '--nmae=x']);
  assert.is(refused.code, 128);
  assert.match(refused.stderr, /^Unknown flag: nmae\ndid you mean --name\?\n$/);
  const bad = await server.micro(['call', 'greeter', 'Greeter.SayHello', '{"times": "many"}']);
  assert.is(bad.code, 127);
  assert.match(bad.stderr, /times: want a whole number/);
  const unknown = await server.micro(['call', 'greeter', 'Greeter.Nothing', '{}']);
  assert.is(unknown.code, 5, unknown.stderr);
});

test('a second server with the same full name is reached by its own micro name', async () => {
  const twin = await startGreeter({ reflection: ['v1alpha'] });
  await micro('registry', 'register', 'twin', '--address', twin.address);
  assert.equal([...new Set(twin.calls)], ['reflection v1alpha']);
  assert.match(await micro('twin', 'greeter', 'sayHello', '--name=Twin'), /"message": "Hello Twin"/);
  assert.ok(twin.calls.includes('SayHello'));
  assert.is(await micro('registry', 'deregister', 'twin'), `deregistered twin at ${twin.address}\n`);
  assert.not.match(await micro('services'), /^twin$/m);
  await twin.stop();
});

test('a server without reflection is registered with its proto files', async () => {
  const mute = await startGreeter({ reflection: [] });
  const refused = await server.micro(['registry', 'register', 'mute', '--address', mute.address]);
  assert.is(refused.code, 1);
  assert.is(refused.stderr, `the server at ${mute.address} has no reflection\nname its proto files: --proto FILE\n`);
  await micro('registry', 'register', 'mute', '--address', mute.address, '--proto', greeterProto);
  assert.match(await micro('mute', 'greeter', 'sayHello', '--name=Mute'), /"message": "Hello Mute"/);
  await micro('registry', 'deregister', 'mute', '--address', mute.address);
  await mute.stop();
});

test('a server that dies stays listed and is called again when it is back', async () => {
  const first = await startGreeter();
  const port = Number(first.address.split(':')[1]);
  await micro('registry', 'register', 'mortal', '--address', first.address);
  const client = createRpcClient();
  const states = client.stream(server.proxyAddress, '/grpc.health.v1.Health/Watch', {
    contentType: 'application/grpc+json',
  });
  await states.send(Buffer.from('{"service": "mortal"}'));
  const next = nextState(states);
  assert.is(await next(), 'SERVING');
  await first.stop();
  assert.is(await next(), 'NOT_SERVING');
  const dead = await server.micro(['call', 'mortal', 'Greeter.SayHello', '{}']);
  assert.not.equal(dead.code, 0);
  assert.match(dead.stderr, /connection refused|lost|cannot/i, dead.stderr);
  assert.match(await micro('services'), /^mortal$/m);
  const second = await startGreeter({ port });
  const answer = await poll('the server to be called again', async () => {
    const { code, stdout } = await server.micro(['call', 'mortal', 'Greeter.SayHello', '{"name":"back"}']);
    return code === 0 && stdout;
  });
  assert.match(answer, /Hello back/);
  assert.is(await next(), 'SERVING');
  states.cancel();
  await client.close();
  await micro('registry', 'deregister', 'mortal');
  await second.stop();
});

for (const [title, args, code, message] of [
  [
    'an address without a port',
    ['registry', 'register', 'x', '--address', 'localhost'],
    1,
    /"localhost" is no address\nan address is host:port/,
  ],
  ['no address', ['registry', 'register', 'x'], 1, /Required flag "address" not set/],
  [
    'a server that is not there',
    ['registry', 'register', 'x', '--address', '127.0.0.1:1'],
    1,
    /cannot read what the server at 127\.0\.0\.1:1 serves/,
  ],
  ['a name that is none', ['registry', 'register', 'a/b', '--address', 'GREETER'], 127, /invalid service name/],
  [
    'a proto file that is not there',
    ['registry', 'register', 'x', '--address', 'GREETER', '--proto', 'no.proto'],
    127,
    /no\.proto: no such file/,
  ],
  [
    'a service that registers itself',
    ['registry', 'deregister', 'store'],
    1,
    /no server of store was registered by hand/,
  ],
] as const)
  test(`refuses ${title}`, async () => {
    const result = await server.micro(args.map((arg) => (arg === 'GREETER' ? greeter.address : arg)));
    assert.match(result.stderr, message);
    assert.is(result.code, code, result.stderr);
  });

test('the endpoints of the registry stay commands beside it', async () => {
  const help = await micro('registry', '--help');
  for (const word of ['deregister', 'getService', 'listServices', 'register', 'watch'])
    assert.match(help, new RegExp(`^\t${word}$`, 'm'));
  assert.match(help, /^\tmicro registry register NAME: /m);
  const page = await micro('registry', 'register', '--help');
  assert.match(page, /^\t--nodes \[\]Node$/m);
  assert.match(page, /^\tmicro registry register NAME: /m);
  await micro('registry', 'register', '--name=plain', '--nodes={"id": "n", "address": "127.0.0.1:1"}');
  assert.match(await micro('services'), /^plain$/m);
  assert.match(await micro('help', 'registry', 'register'), /--address/);
});

test('a proto file without a service is refused', async () => {
  const file = join(server.home, 'empty.proto');
  writeFileSync(file, `syntax = "proto3"; package a; message M { string x = 1; }`);
  const result = await server.micro(['registry', 'register', 'x', '--address', greeter.address, '--proto', file]);
  assert.is(result.code, 1);
  assert.match(result.stderr, /empty\.proto declares no service/);
});

test('the registration survives a crash of the server', async () => {
  await server.kill9();
  server = await server.restart();
  assert.match(await micro('greeter', 'sayHello', '--name=again'), /"message": "Hello again"/);
});

test.run();
