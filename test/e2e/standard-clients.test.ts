/**
 * Standard gRPC clients at the proxy's port: grpcurl, Python's grpcio and plain grpc-js list, describe and call a service of micro and a server that
 * knows nothing of it, in all four kinds, with a bearer token; without one they see only what is public.
 */

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { Client, credentials, Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import * as assert from 'uvu/assert';

import { pythonFixture } from '../../build/python-fixtures.ts';
import { standardServices } from '../../internal/contract/standard.ts';
import { type ForeignServer, startGreeter } from '../fixture/foreign/greeter-server.ts';
import { goProgram } from '../support/go-program.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { tempFolder, writeService } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: standard clients');
const commandLimitMs = 30_000;

const proto = `syntax = "proto3";

package chatty.v1;

import "shared/message.proto";

service Talk {
  rpc Say(chatty.shared.Message) returns (Answer);
  rpc Repeat(chatty.shared.Message) returns (stream Answer);
  rpc Collect(stream chatty.shared.Message) returns (Answer);
  rpc Converse(stream chatty.shared.Message) returns (stream Answer);
}

message Answer {
  string msg = 1;
}
`;

/** Micro calls it \`talk\`, its proto \`chatty.v1.Talk\`. */
const talk = {
  'package.json': '{ "name": "talk", "private": true, "type": "module" }\n',
  'proto/talk.proto': proto,
  'proto/shared/message.proto': 'syntax = "proto3";\npackage chatty.shared;\nmessage Message { string name = 1; }\n',
  'index.ts': `import { service } from 'micro';

type Message = { name: string };

await service({
  name: 'talk',
  handlers: {
    Talk: {
      async say({ name }: Message, ctx) {
        if (name !== 'greeter') return { msg: 'said ' + name };
        const { message } = await ctx.client.call<{ message: string }>('greeter', 'Greeter.SayHello', { name: 'SDK' });
        return { msg: message };
      },
      async *repeat({ name }: Message) {
        yield { msg: name + ' 1' };
        yield { msg: name + ' 2' };
      },
      async collect(messages: AsyncIterable<Message>) {
        const names: string[] = [];
        for await (const { name } of messages) names.push(name);
        return { msg: names.join('+') };
      },
      async *converse(messages: AsyncIterable<Message>) {
        for await (const { name } of messages) yield { msg: 'heard ' + name };
      },
    },
  },
}).run();
`,
};
const said = {
  Say: ['said Ann'],
  Repeat: ['Ann 1', 'Ann 2'],
  Collect: ['Ann+Bob'],
  Converse: ['heard Ann', 'heard Bob'],
};

let server: Server;
let greeter: ForeignServer;
let admin: RpcCaller;
let folder: string;

const micro = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await server.micro(args);
  assert.is(code, 0, `micro ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};

const createRule = (id: string, scope: string, name: string): Promise<unknown> =>
  admin.call('auth', 'Rules.Create', {
    rule: { id, scope, resource: { type: 'service', name, endpoint: '*' }, access: 'GRANTED', priority: 1 },
    options: { namespace: 'micro' },
  });

test.before(async () => {
  folder = tempFolder();
  [server, greeter] = await Promise.all([startServer(), startGreeter()]);
  admin = await openAdminCaller(server.proxyAddress);
  await micro('run', '--wait', writeService(folder, 'talk', talk));
  await micro('registry', 'register', 'greeter', '--address', greeter.address);
  // Without the default rule nothing is public that no rule says so of.
  await createRule('accounts', '*', '*');
  await createRule('everybody', '', 'talk');
  await admin.call('auth', 'Rules.Delete', { id: 'default', options: { namespace: 'micro' } });
});

test.after(async () => {
  await admin?.close();
  await greeter?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const exec = (file: string, args: readonly string[], input = ''): Promise<Output> =>
  new Promise((resolve) => {
    const child = execFile(file, args, { timeout: commandLimitMs }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
    child.stdin?.end(input);
  });

/** Core services of today; more may come. */
const coreNames = ['auth.Accounts', 'auth.Auth', 'auth.Rules', 'registry.Registry', 'runtime.Runtime', 'store.Store'];

const grpcurl = await goProgram('grpcurl');
if ('absent' in grpcurl) console.log(`SKIP grpcurl: ${grpcurl.absent}`);
else {
  const run = (token: string | undefined, args: readonly string[], input = ''): Promise<Output> => {
    const header = token === undefined ? [] : ['-H', `authorization: Bearer ${token}`];
    const at = args.findIndex((arg) => !arg.startsWith('-') && !args[args.indexOf(arg) - 1]?.startsWith('-d'));
    return exec(
      grpcurl.file,
      ['-plaintext', ...header, ...args.slice(0, at), server.proxyAddress, ...args.slice(at)],
      input,
    );
  };
  const ok = async (args: readonly string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await run(admin.token, args, input);
    assert.is(code, 0, `grpcurl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  test('grpcurl lists everything with a token, and only what is public without one', async () => {
    const all = (await ok(['list'])).trim().split('\n');
    for (const name of [...standardServices, ...coreNames, 'chatty.v1.Talk', 'helloworld.v1.Greeter'])
      assert.ok(all.includes(name), `${name} is not among ${all}`);
    const { stdout, stderr } = await run(undefined, ['list']);
    // Auth.Token must answer before anybody has an account.
    assert.equal(stdout.trim().split('\n'), [...standardServices, 'auth.Auth', 'chatty.v1.Talk'].sort(), stderr);
    const hidden = await run(undefined, ['describe', 'helloworld.v1.Greeter']);
    assert.match(hidden.stderr, /not found/i);
    const refused = await run(undefined, ['-d', '{}', 'helloworld.v1.Greeter/SayHello']);
    assert.is.not(refused.code, 0);
  });

  test('grpcurl describes services, methods and messages, own, foreign and core', async () => {
    assert.match(
      await ok(['describe', 'chatty.v1.Talk']),
      /rpc Converse \( stream \.chatty\.shared\.Message \) returns \( stream \.chatty\.v1\.Answer \);/,
    );
    assert.match(await ok(['describe', 'chatty.shared.Message']), /string name = 1;/);
    assert.match(
      await ok(['describe', 'helloworld.v1.Greeter.Count']),
      /returns \( stream \.helloworld\.v1\.HelloReply \)/,
    );
    assert.match(await ok(['describe', 'helloworld.v1.HelloReply']), /map<string, string> seen = 4;/);
    assert.match(await ok(['describe', 'store.Store']), /rpc Read/);
  });

  test('grpcurl calls all four kinds of a service of micro', async () => {
    const two = '{"name": "Ann"} {"name": "Bob"}';
    for (const [method, answers] of Object.entries(said)) {
      const input = ['Collect', 'Converse'].includes(method) ? two : '{"name": "Ann"}';
      const out = await ok(['-d', '@', `chatty.v1.Talk/${method}`], input);
      assert.equal(
        [...out.matchAll(/"msg": "(.*)"/g)].map((m) => m[1]),
        answers,
        method,
      );
    }
  });

  test('grpcurl calls all four kinds of a foreign server', async () => {
    const two = '{"name": "Ann"} {"name": "Bob"}';
    for (const [method, input, answers] of [
      ['SayHello', '{"name": "Ann", "times": "1"}', ['Hello Ann!']],
      ['Count', '{"name": "n", "to": 3}', ['n 1', 'n 2', 'n 3']],
      ['Gather', two, ['Ann and Bob']],
      ['Chat', two, ['Hello Ann', 'Hello Bob']],
    ] as const) {
      const out = await ok(['-d', '@', `helloworld.v1.Greeter/${method}`], input);
      assert.equal(
        [...out.matchAll(/"message": "(.*)"/g)].map((m) => m[1]),
        answers,
        method,
      );
    }
    const failed = await run(admin.token, ['-d', '{"code": 9, "message": "not now"}', 'helloworld.v1.Greeter/Fail']);
    assert.match(failed.stderr, /Code: FailedPrecondition\s+Message: not now/);
  });

  test('grpcurl calls core services and asks for health', async () => {
    const listed = await ok(['-d', '{"options": {"domain": "micro"}}', 'registry.Registry/ListServices']);
    assert.match(listed, /"name": "talk"/);
    for (const name of ['', 'talk', 'chatty.v1.Talk', 'greeter', 'registry.Registry', 'proxy'])
      assert.match(
        await ok(['-d', JSON.stringify({ service: name }), 'grpc.health.v1.Health/Check']),
        /"SERVING"/,
        name,
      );
    const hidden = await run(undefined, ['-d', '{"service": "greeter"}', 'grpc.health.v1.Health/Check']);
    assert.match(hidden.stderr, /Code: NotFound/);
  });

  test('a full name that two services hold is refused, naming both', async () => {
    const twin = await startGreeter();
    await micro('registry', 'register', 'twin', '--address', twin.address);
    const described = await run(admin.token, ['describe', 'helloworld.v1.Greeter']);
    assert.match(described.stderr, /greeter and twin/);
    const call = plainCall(greeterMethod('SayHello'), '/helloworld.v1.Greeter/SayHello', admin.token, [{ name: 'x' }]);
    assert.match(String((await call).failure), /helloworld\.v1\.Greeter is served by greeter and twin/);
    const own = await plainCall(greeterMethod('SayHello'), '/twin.Greeter/SayHello', admin.token, [{ name: 'x' }]);
    assert.equal(
      own.answers.map((a) => a.message),
      ['Hello x'],
    );
    assert.ok(twin.calls.includes('SayHello'));
    await twin.stop();
    const health = await run(admin.token, ['-d', '{"service": "twin"}', 'grpc.health.v1.Health/Check']);
    assert.match(health.stdout, /"NOT_SERVING"/, health.stderr);
    await micro('registry', 'deregister', 'twin');
  });
}

const python = pythonFixture();
if ('absent' in python) console.log(`SKIP Python's grpcio: ${python.absent}`);
else
  test('Python lists, describes and calls all four kinds by reflection, and asks for health', async () => {
    const script = join(import.meta.dirname, '../fixture/python/standard_client.py');
    for (const token of [admin.token, '']) {
      const { stdout, stderr, code } = await exec(python.file, [script, server.proxyAddress, token, 'chatty.v1.Talk']);
      assert.is(code, 0, stderr);
      const got = JSON.parse(stdout);
      assert.is(got.services.includes('helloworld.v1.Greeter'), token !== '');
      assert.equal(got.answers, said);
      assert.equal(got.health, { '': 'SERVING', 'chatty.v1.Talk': 'SERVING', 'no.such.Service': 'NOT_FOUND' });
      assert.is(got.watched, 'SERVING');
    }
  });

interface PlainMethod {
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

const methodOf = (root: protobuf.Root, service: string, name: string): PlainMethod => {
  root.resolveAll();
  const method = root.lookupService(service).methods[name];
  if (!method?.resolvedRequestType || !method.resolvedResponseType) throw new Error(`no method ${service}.${name}`);
  return { request: method.resolvedRequestType, response: method.resolvedResponseType };
};

const greeterRoot = new protobuf.Root().loadSync(join(import.meta.dirname, '../fixture/foreign/greeter.proto'));
const greeterMethod = (name: string): PlainMethod => methodOf(greeterRoot, 'helloworld.v1.Greeter', name);

const talkRoot = protobuf.parse(
  proto.replaceAll('chatty.shared.Message', 'Message').replace(/import.*/, 'message Message { string name = 1; }'),
).root;

/** One call of any kind by plain grpc-js; all its answers, and what it ended with when that was not OK. */
const plainCall = (
  { request, response }: PlainMethod,
  path: string,
  token: string | undefined,
  messages: readonly Record<string, unknown>[],
): Promise<{ answers: readonly Record<string, unknown>[]; failure?: unknown }> => {
  const client = new Client(server.proxyAddress, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const call = client.makeBidiStreamRequest(
    path,
    (value: Record<string, unknown>) => Buffer.from(request.encode(request.fromObject(value)).finish()),
    (bytes: Buffer) => response.toObject(response.decode(bytes)) as Record<string, unknown>,
    metadata,
    { deadline: Date.now() + commandLimitMs },
  );
  const answers: Record<string, unknown>[] = [];
  return new Promise((resolve) => {
    const end = (failure?: unknown): void => {
      client.close();
      resolve({ answers, failure });
    };
    call.on('data', (answer: Record<string, unknown>) => answers.push(answer));
    call.on('error', end);
    call.on('end', () => end());
    for (const message of messages) call.write(message);
    call.end();
  });
};

test('plain grpc-js calls all four kinds by full name and by micro name', async () => {
  const two = [{ name: 'Ann' }, { name: 'Bob' }];
  for (const [name, answers] of Object.entries(said))
    for (const prefix of ['chatty.v1', 'talk'])
      for (const token of [admin.token, undefined]) {
        const messages = ['Collect', 'Converse'].includes(name) ? two : two.slice(0, 1);
        const method = methodOf(talkRoot, 'chatty.v1.Talk', name);
        const got = await plainCall(method, `/${prefix}.Talk/${name}`, token, messages);
        assert.equal(
          got.answers.map((a) => a.msg),
          answers,
          `${prefix} ${name}: ${String(got.failure)}`,
        );
      }
});

test('a service of micro calls a foreign server on behalf of its caller', async () => {
  const method = methodOf(talkRoot, 'chatty.v1.Talk', 'Say');
  const got = await plainCall(method, '/talk.Talk/Say', admin.token, [{ name: 'greeter' }]);
  assert.equal(
    got.answers.map((a) => a.msg),
    ['Hello SDK'],
    String(got.failure),
  );
  const nobody = await plainCall(method, '/talk.Talk/Say', undefined, [{ name: 'greeter' }]);
  assert.match(String(nobody.failure), /Unauthorized call made to greeter:Greeter\.SayHello/);
});

test('a call without the right is refused as for any client', async () => {
  const method = greeterMethod('SayHello');
  const got = await plainCall(method, '/helloworld.v1.Greeter/SayHello', undefined, [{ name: 'x' }]);
  assert.match(String(got.failure), /Unauthorized call made to greeter:Greeter\.SayHello/);
});

test.run();
