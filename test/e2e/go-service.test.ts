/** Services and clients made with the Go framework of Micro v3, unmodified, on our server: they run, register, are called, call others, and stream both ways. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type GoMicro, openGoMicro } from '../support/go-micro.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: Go services and clients');
type Go = GoMicro<'go-service' | 'go-client'>;

const account = { MICRO_AUTH_ID: 'gopher', MICRO_AUTH_SECRET: 'burrow' };
/** On one address of this machine and no other. */
const loopback = 'MICRO_SERVICE_ADDRESS=127.0.0.1:0';

const tests = (go: Go): void => {
  let server: Server;
  const sources = mkdtempSync(join(tmpdir(), 'micro-e2e-'));
  let caller: RpcCaller;
  /** For machines with much else to do. */
  const patient = { limitMs: 90_000 };
  const services = async (): Promise<readonly string[]> => {
    const listed = (await caller.call('registry', 'Registry.ListServices')) as {
      services: readonly { name: string }[];
    };
    return listed.services.map(({ name }) => name);
  };

  test.before(async () => {
    server = await startServer();
    caller = await openAdminCaller(server.proxyAddress);
    await caller.call('auth', 'Auth.Generate', {
      id: 'gopher',
      secret: 'burrow',
      type: 'service',
      scopes: ['service'],
    });
  });

  test.after(async () => {
    await caller?.close();
    await server?.stop();
    rmSync(sources, { recursive: true, force: true });
    go.remove();
  });

  test(
    'a Go service that we run registers its endpoints, and its log is kept',
    async () => {
      const folder = go.service(sources, 'go-service');
      await ok(server, ['run', '--wait', '--name=gopher', `--env_vars=${loopback}`, folder]);
      await untilStatus(server, 'gopher', /running/);
      assert.match(await ok(server, ['services']), /^gopher$/m);
      const shown = await ok(server, ['get', 'service', 'gopher']);
      assert.match(shown, /^version latest$/m);
      assert.match(shown, /^gopher-[0-9a-f-]{36}\t127\.0\.0\.1:\d+\tbroker=service,domain=micro,protocol=grpc,/m);
      for (const endpoint of ['Everything.Echo', 'Everything.Repeat', 'Gopher.Double', 'Gopher.Ask'])
        assert.match(shown, new RegExp(`^Endpoint: ${endpoint}$`, 'm'));
      assert.not.match(shown, /Debug\./);
      assert.match(await ok(server, ['logs', '-n', '50', 'gopher']), /Starting \[service\] gopher/);
    },
    patient,
  );

  test(
    'a service of ours runs beside it',
    () => ok(server, ['run', '--wait', copyExample(sources, 'everything')]),
    patient,
  );

  test('flags become the fields that a Go service registered', async () => {
    const flags = ['--text=007', '--large=9007199254740993', '--flag', '--words=a', '--words=b', '--address_number=5'];
    const answer = JSON.parse(await ok(server, ['gopher', 'everything', 'echo', ...flags]));
    assert.equal(
      [answer.text, answer.large, answer.flag, answer.words, answer.address.number],
      ['007', '9007199254740993', true, ['a', 'b'], 5],
    );
    assert.match(await ok(server, ['gopher', 'everything', 'echo', '--help']), /--large int64/);
    const wrong = await server.micro(['gopher', 'everything', 'echo', '--txet=a']);
    assert.match(wrong.stderr, /Unknown flag: txet/);
  });

  const bodies = [
    {},
    { text: '<&> ü \u2028', flag: true, small: -1, large: '-9223372036854775808', ularge: '18446744073709551615' },
    { single_value: 0.5, double_value: 1e300, data: 'AP8=', colour: 'COLOUR_GREEN', zigzag: '-5', fixed: '1' },
    {
      address: { street: 's', country: { code: 'de' } },
      words: ['a', ''],
      numbers: ['1'],
      places: [{}, { number: 7 }],
    },
    { labels: { k: 'v' }, counts: { n: '-1' }, colours: ['COLOUR_RED'], number: '9' },
  ];
  for (const [i, body] of bodies.entries())
    test(`a Go service and one of ours answer body ${i + 1} with the same JSON in the same order`, async () => {
      const theirs = await caller.call('gopher', 'Everything.Echo', body);
      const ours = await caller.call('everything', 'Everything.Echo', body);
      // Empty bytes are null where Go's library writes them; ours are the empty text of the protobuf standard.
      theirs.data ??= '';
      assert.is(JSON.stringify(theirs), JSON.stringify(ours));
    });

  test('our command line streams with a Go service', async () => {
    const repeat = ['gopher', 'Everything.Repeat', '{"times":3,"fields":{"text":"x"}}'];
    assert.is((await ok(server, ['stream', ...repeat])).match(/"text": "x"/g)?.length, 3);
    assert.match(await ok(server, ['gopher', 'gopher', 'double', '--value=21']), /"value": "42"/);
  });

  const failures = [
    { code: 0, says: { code: 500, detail: '100% <of> ü' } },
    { code: -1, says: { code: 500, detail: 'panic recovered: 100% <of> ü' } },
    ...[400, 401, 403, 404, 405, 408, 409, 412, 429, 499, 500, 501, 502, 503, 504].map((code) => ({
      code,
      says: { code, detail: '100% <of> ü' },
    })),
  ];
  test('errors of a Go service arrive as they were made', async () => {
    for (const { code, says } of failures) {
      const failed = await caller.call('gopher', 'Everything.Fail', { code, detail: '100% <of> ü' }).then(
        () => ({}) as Record<string, unknown>,
        (e: Record<string, unknown>) => e,
      );
      assert.equal({ code: failed.code, detail: failed.detail }, says, `code ${code}`);
    }
    const shown = await server.micro(['call', 'gopher', 'Everything.Fail', '{"code":401}']);
    assert.equal([shown.code, shown.stderr.split('\n')[0]], [2, 'Not authorized to perform this request']);
  });

  test('a Go service keeps records in our store, and calls services and core services', async () => {
    const note = { key: 'k', text: 'kept' };
    assert.equal(await caller.call('gopher', 'Gopher.Remember', note), note);
    const ask = async (service: string, endpoint: string, body: object): Promise<unknown> => {
      const question = { service, endpoint, body: JSON.stringify(body) };
      const { body: answer } = await caller.call('gopher', 'Gopher.Ask', question);
      return JSON.parse(String(answer));
    };
    const read = (await ask('store', 'Store.Read', { key: 'k', options: { table: 'gopher' } })) as {
      records: readonly { value: string }[];
    };
    assert.is(Buffer.from(read.records[0]!.value, 'base64').toString(), 'kept');
    assert.is(((await ask('everything', 'Everything.Echo', { text: 'asked' })) as { text: string }).text, 'asked');
    const nobody = { service: 'nosuch', endpoint: 'A.B', body: '{}' };
    const failed = await server.micro(['call', 'gopher', 'Gopher.Ask', JSON.stringify(nobody)]);
    assert.match(failed.stderr, /^Service "nosuch" not found/);
    assert.is(failed.code, 4);
  });

  test('the HTTP API calls a Go service', async () => {
    const answer = await fetch(`http://${server.apiAddress}/gopher/Everything/Echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"over HTTP"}',
    });
    assert.is(((await answer.json()) as { text: string }).text, 'over HTTP');
  });

  /** What the steps of test/fixture/go/micro/client print, with a Go service and with one of ours. */
  const steps: readonly { readonly step: string; readonly says: string; readonly ours?: string | false }[] = [
    { step: 'echo', says: 'true' },
    { step: 'echo-json', says: 'true' },
    { step: 'big', says: 'true' },
    { step: 'repeat', says: '3 and an end' },
    { step: 'sum', says: '5050 of 100' },
    { step: 'double', says: '2 4 6 then EOF', ours: false },
    { step: 'leave', says: '0', ours: false },
    { step: 'fail', says: 'error 409 everything.fail: "100%" <of> ü (Conflict)' },
    {
      step: 'throw',
      says: 'error 500 go.micro.client: plain words (Internal Server Error)',
      ours: 'error 500 everything: plain words (Internal Server Error)',
    },
    {
      step: 'no-endpoint',
      says: 'error 500 go.micro.client: unknown service Everything.Nope (Internal Server Error)',
    },
    {
      step: 'no-service',
      says: 'error 500 go.micro.client: service nosuch: route not found (Internal Server Error)',
    },
    {
      step: 'no-stream',
      says: 'error 0 : rpc error: code = Unimplemented desc = {"id":"go.micro.client","code":500,"detail":"service nosuch: route not found","status":"Internal Server Error"} ()',
    },
    {
      step: 'timeout',
      says: 'error 408 go.micro.client: context deadline exceeded (Request Timeout)',
      ours: false,
    },
    { step: 'heard', says: 'a, b in micro', ours: false },
    { step: 'anonymous', says: 'error 401 store.Store.Read: an account is required (Unauthorized)' },
    { step: 'store', says: 'a/2=va/2 from go for 60 min; [a/1 a/2]; b/1: not found' },
    {
      step: 'blob',
      says: 'true [from-go] then rpc error: code = NotFound desc = {"id":"store.Blob.Read","code":404,"detail":"Blob not found","status":"Not Found"}',
    },
    { step: 'registry', says: '1 of SERVICE, 1 node; nosuch: service not found' },
    { step: 'watch', says: 'delete watched' },
    { step: 'inspect', says: 'gopher is a service of micro; bad: invalid token provided' },
  ];

  const runClient = async (service: string, names: readonly string[]): Promise<readonly string[]> => {
    const env = { ...account, MICRO_PROXY: server.proxyAddress, MICRO_PROFILE: 'service', MICRO_LOG_LEVEL: 'error' };
    const { code, stdout, stderr } = await go.run('go-client', [service, ...names], { env });
    assert.is(code, 0, stdout + stderr);
    return stdout.trimEnd().split('\n');
  };

  test('a Go client with an account of ours calls a Go service and the platform', async () => {
    const lines = await runClient(
      'gopher',
      steps.map(({ step }) => step),
    );
    assert.equal(
      lines,
      steps.map(({ step, says }) => `${step}: ${says.replace('SERVICE', 'gopher')}`),
    );
    await poll('the service to hear that its callers left', async () => {
      const log = await ok(server, ['logs', '-n', '200', 'gopher']);
      return /forever left: context canceled/.test(log) && /waited: context (canceled|deadline exceeded)/.test(log);
    });
  });

  test('a Go client calls a service of ours', async () => {
    const own = steps.filter(({ ours }) => ours !== false);
    const lines = await runClient(
      'everything',
      own.map(({ step }) => step),
    );
    assert.equal(
      lines,
      own.map(({ step, says, ours }) => `${step}: ${(ours || says).replace('SERVICE', 'everything')}`),
    );
  });

  const startByHand = (name: string): ChildProcess => {
    const [file, ...args] = go.command('go-service');
    const env = { ...account, MICRO_PROXY: server.proxyAddress, MICRO_SERVICE_NAME: name };
    const [key, value] = loopback.split('=') as [string, string];
    return spawn(file, args, { cwd: '/', env: go.env({ ...env, [key]: value }), stdio: 'ignore' });
  };

  test('a Go service started by hand comes and goes', async () => {
    const child = startByHand('hand');
    try {
      await poll('hand to register', async () => (await services()).includes('hand'));
      const { values } = (await caller.call('hand', 'Gopher.Heard')) as { values: Record<string, string> };
      assert.is(values['Micro-Namespace'], 'micro');
      assert.is(values.Authorization, `Bearer ${caller.token}`, 'it learns who calls');
      child.kill('SIGTERM');
      await poll('hand to leave', async () => !(await services()).includes('hand'));
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('a Go service without an account of ours does not start', async () => {
    const env = { MICRO_PROXY: server.proxyAddress, MICRO_SERVICE_NAME: 'stray', MICRO_SERVICE_ADDRESS: '127.0.0.1:0' };
    const nobody = await go.run('go-service', [], { env });
    assert.is(nobody.code, 1);
    assert.match(nobody.stdout + nobody.stderr, /Error setting up auth: .*"code":401/);
  });

  test('a Go service ends with micro kill', async () => {
    await ok(server, ['kill', 'gopher']);
    assert.not.match(await ok(server, ['status']), /gopher/);
    await poll('gopher to leave', async () => !(await services()).includes('gopher'));
  });

  test(
    'a Go service goes on when the server was killed and started again',
    async () => {
      const child = startByHand('lasting');
      try {
        await poll('lasting to register', async () => (await services()).includes('lasting'));
        await server.kill9();
        await caller.close();
        server = await server.restart();
        caller = await openAdminCaller(server.proxyAddress);
        const note = { key: 'after', text: 'with the token from before' };
        assert.equal(await caller.call('lasting', 'Gopher.Remember', note), note);
      } finally {
        child.kill('SIGKILL');
      }
    },
    patient,
  );
};

const go = await openGoMicro(['go-service', 'go-client']);
if ('absent' in go) process.stdout.write(`SKIP Go services and clients: ${go.absent}\n`);
else tests(go);

test.run();
