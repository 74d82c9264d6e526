/** The command line of Micro v3 as it was released (Go, v3.19.0) against our server: what it prints, and with which exit code. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { startGreeter } from '../fixture/foreign/greeter-server.ts';
import { type GoLine, runLines } from '../support/go-lines.ts';
import { type GoMicro, openGoMicro } from '../support/go-micro.ts';
import { poll } from '../support/poll.ts';
import { prepareGo } from '../support/prepare-go.ts';
import { type MicroResult, type Server, startServer } from '../support/server.ts';
import { copyExample } from '../support/service-folder.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: the Go command line');
type Go = GoMicro<'micro' | 'go-service'>;

const pin = `sha256:${'ab'.repeat(32)}`;
const notAuthorized = 'Not authorized to perform this request';

const tests = (go: Go): void => {
  let server: Server;
  const sources = mkdtempSync(join(tmpdir(), 'micro-e2e-'));

  const micro = (words: string | readonly string[], cwd?: string): Promise<MicroResult> => {
    // `run` calls `go mod vendor`, which has nothing to fetch here and must not try.
    const env = { GOPROXY: 'off', GOTOOLCHAIN: 'local' };
    return go.run('micro', typeof words === 'string' ? words.split(' ') : words, { env, cwd });
  };

  /** For tests of many commands, on machines with much else to do. */
  const patient = { limitMs: 90_000 };

  const runs = (lines: readonly GoLine[]): Promise<void> => runLines(micro, lines);

  test.before(async () => {
    server = await startServer();
  });

  test.after(async () => {
    await server?.stop();
    rmSync(sources, { recursive: true, force: true });
    go.remove();
  });

  test('knows our server as an environment, and is nobody until it logs in', () =>
    runs([
      { micro: `env add ours ${server.proxyAddress}` },
      { micro: 'env set ours' },
      { micro: 'env', prints: new RegExp(`^\\* ours +${server.proxyAddress}`, 'm') },
      { micro: 'services', exit: 2, prints: notAuthorized },
      { micro: 'status', exit: 2, prints: notAuthorized },
      { micro: 'store list', exit: 1, prints: /^Couldn't list: .*"code":401,"detail":"an account is required"/ },
    ]));

  test('keeps what we know about an environment and it does not', async () => {
    const file = join(go.folder, 'home', 'shared.json');
    const theirs = (...words: readonly string[]) => micro(['-c', file, ...words]);
    const ours = async (...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await server.micro(['-c', file, '--output', 'json', ...words]);
      assert.is(code, 0, stderr);
      // We write a new file in place of the old one; theirs must be able to write it too.
      chmodSync(file, 0o666);
      return stdout;
    };
    const trustOf = async (name: string): Promise<unknown> =>
      JSON.parse(await ours('env', 'list')).find((env: { name: string }) => env.name === name)?.trust;
    await ours('env', 'add', 'pinned', 'https://10.0.0.1:8081', '--fingerprint', pin, '--description', 'Ours');
    await ours('env', 'add', 'lab', 'https://10.0.0.2:8081', '--insecure');
    for (const words of [
      ['env', 'add', 'theirs', '10.0.0.3:8081'],
      ['env', 'add', 'lab', 'https://10.0.0.4:8081'],
      ['env', 'set', 'theirs'],
      ['user', 'config', 'set', 'namespaces.pinned.current', 'foo'],
    ])
      assert.is((await theirs(...words)).code, 0, words.join(' '));
    assert.match((await theirs('env')).stdout, /^ {2}pinned +https:\/\/10\.0\.0\.1:8081 +Ours$/m);
    assert.equal(await trustOf('pinned'), { fingerprint: pin });
    assert.is(await trustOf('lab'), undefined, 'another address is another server');
  });

  test('logs in', () =>
    runs([
      { micro: 'login --username admin --password wrong', exit: 1, prints: 'Secret not correct' },
      { micro: 'login --username nobody --password micro', exit: 1, prints: 'Account not found with this ID' },
      { micro: 'login --username admin --password micro', prints: 'Successfully logged in.' },
      { micro: 'user', prints: 'admin' },
      { micro: 'user token', prints: /^[\w-]+\.[\w-]+\.[\w-]+\n$/ },
    ]));

  test(
    'shares its logins with our command line, both ways',
    async () => {
      const home = join(go.folder, 'home');
      const env = { ...server.env, HOME: home, MICRO_PROXY: undefined, MICRO_DATA_DIR: undefined };
      const ours = async (...words: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await server.micro(words, { env });
        assert.is(code, 0, stderr);
        // We write new files in place of the old ones; theirs must be able to read and write them too.
        for (const file of ['tokens', 'config.json']) chmodSync(join(home, '.micro', file), 0o666);
        return stdout;
      };
      assert.is(await ours('user'), 'admin\n', 'their login, which we renew');
      await runs([
        { micro: 'user', prints: 'admin' },
        { micro: 'services', prints: /^auth$/m },
      ]);
      await ours('call', 'auth', 'Auth.Generate', '{"id":"jane","secret":"s3cret"}');
      await ours('login', '--username', 'jane', '--password', 's3cret');
      await runs([
        { micro: 'user', prints: 'jane' },
        { micro: 'services', prints: /^auth$/m },
      ]);
      assert.is(await ours('user'), 'jane\n', 'our login, which they renewed');
      await ours('logout');
      await runs([
        { micro: 'services', exit: 2, prints: notAuthorized },
        { micro: 'user namespace set shop' },
        { micro: 'user namespace', prints: 'shop' },
      ]);
      assert.is(await ours('namespace'), '  micro\n* shop\n');
      await ours('namespace', 'set', 'micro');
      await runs([{ micro: 'login --username admin --password micro', prints: 'Successfully logged in.' }]);
      assert.is(await ours('user'), 'admin\n');
    },
    patient,
  );

  test(
    'shows what our command line shows',
    async () => {
      await ok(server, ['run', '--wait', copyExample(sources, 'everything')]);
      for (const words of ['services', 'everything --help', 'everything echo --help']) {
        const theirs = await micro(words);
        assert.is(theirs.code, 0, words);
        // It writes the help of a service to stderr.
        assert.is((theirs.stdout + theirs.stderr).trim(), (await ok(server, words.split(' '))).trim(), words);
      }
      const everything = /^everything\s+latest\s+\/\S+\s+running\s+\w+\s+\w+ ago\s+owner=admin, group=micro$/m;
      await runs([
        { micro: 'status', prints: everything },
        { micro: 'get service everything', prints: /^everything-[\w-]+\t\S+:\d+\t.*\n\nEndpoint: Everything\.Echo$/m },
        { micro: 'get service nosuch', exit: 128, prints: 'service not found' },
        { micro: 'debug health everything', prints: /^everything-\S+\t\t\S+\t\tok$/m },
        { micro: 'debug stats everything', prints: /^everything-\S+ +\S+:\d+ +\w/m },
      ]);
    },
    patient,
  );

  test('calls and streams', async () => {
    const body = '{"text":"<ü>","large":"9007199254740993","words":["a"]}';
    const ours = await ok(server, ['call', 'everything', 'Everything.Echo', body]);
    assert.is((await micro(['call', 'everything', 'Everything.Echo', body])).stdout, ours);
    const flags = ['everything', 'echo', '--text=007', '--large=9007199254740993', '--words=a,b', '--address-number=5'];
    assert.is((await micro(flags)).stdout, await ok(server, flags));
    await runs([
      {
        micro: ['stream', 'everything', 'Everything.Repeat', '{"times":2,"fields":{"text":"x"}}'],
        prints: /("text": "x"[\s\S]*){2}/,
      },
      { micro: ['call', 'everything', 'Everything.Sum', '{"value":1}'], prints: /"count": 1/ },
    ]);
  });

  test('calls a gRPC server that knows nothing of micro and reads no JSON', async () => {
    const greeter = await startGreeter();
    await ok(server, ['registry', 'register', 'greeter', '--address', greeter.address]);
    await runs([
      { micro: 'greeter sayHello --name=Go --times=2', prints: /"message": "Hello Go!!"/ },
      { micro: ['call', 'greeter', 'Greeter.SayHello', '{"name":"Go"}'], prints: /"message": "Hello Go"/ },
      { micro: ['stream', 'greeter', 'Greeter.Count', '{"name":"n","to":2}'], prints: /"n 1"[\s\S]*"n 2"/ },
      { micro: ['call', 'greeter', 'Greeter.Fail', '{"code":9,"message":"not now"}'], exit: 127, prints: 'not now' },
    ]);
    await ok(server, ['registry', 'deregister', 'greeter']);
    await greeter.stop();
  });

  test('tells failures apart by their words and exit codes', async () => {
    const fail = (code: number): readonly string[] => [
      'call',
      'everything',
      'Everything.Fail',
      JSON.stringify({ code, detail: `no ${code}` }),
    ];
    await runs([
      { micro: fail(400), exit: 127, prints: 'no 400' },
      { micro: fail(401), exit: 2, prints: notAuthorized },
      { micro: fail(408), exit: 1, prints: 'Request timed out' },
      { micro: fail(503), exit: 127, prints: 'no 503' },
      { micro: 'call nosuch Foo.Bar {}', exit: 4, prints: 'Service "nosuch" not found' },
      // A refusal may come before the client has sent its message, which it then says instead.
      {
        micro: 'stream nosuch Foo.Bar {}',
        exit: [4, 128],
        prints: /^(Service "nosuch" not found|error sending to nosuch\.Foo\.Bar: EOF)$/m,
      },
      { micro: 'call everything Everything.Nope {}', exit: 5, prints: 'Service method "Everything.Nope" not found' },
      {
        micro: 'call everything Nope {}',
        exit: 3,
        prints: 'Method name "Nope" invalid format. Expecting service.endpoint',
      },
      { micro: 'call everything A.B.C {}', exit: 127, prints: 'malformed method name: "A.B.C"' },
      { micro: 'call everything Nope.Nope {}', exit: 5, prints: 'Service "Nope" not found' },
      { micro: 'everything echo --nope=1', exit: 128, prints: 'Unknown flag: nope' },
      { micro: 'everything nope', exit: 128, prints: 'Endpoint Everything.Nope not found for service everything' },
      { micro: 'nosuch', exit: 1, prints: "Unrecognized micro command: nosuch. Please refer to 'micro --help'" },
    ]);
  });

  test(
    'reads and writes the store',
    () =>
      runs([
        ...['k1', 'k2', 'k3', 'other'].map((key) => ({ micro: `store write --table T ${key} v${key}` })),
        { micro: 'store read --table T k2', prints: 'vk2' },
        { micro: 'store read --table T nosuch', exit: 1, prints: 'Not found' },
        { micro: 'store read k2', exit: 1, prints: 'Not found' },
        { micro: 'store list --table T', prints: 'k1\nk2\nk3\nother' },
        { micro: 'store list --table T --limit 2', prints: 'k1\nk2' },
        { micro: 'store list --table T --order desc', prints: 'other\nk3\nk2\nk1' },
        { micro: 'store list --table T --prefix --limit 2 --order desc k', prints: 'k3\nk2' },
        { micro: 'store list --table T --output json --prefix o', prints: '[\n  "other"\n]' },
        { micro: 'store list --table empty', prints: '' },
        { micro: 'store read --table T --prefix k', prints: 'vk1\nvk2\nvk3' },
        { micro: 'store read --table T --prefix --limit 1 --order desc k', prints: 'vk3' },
        { micro: 'store read --table T --suffix 3', prints: 'vk3' },
        { micro: 'store read --table T --verbose k1', prints: 'KEY   VALUE   EXPIRY\nk1    vk1     None' },
        { micro: 'store write --table T --expiry 2h later v' },
        { micro: 'store read --table T --verbose later', prints: /^later {3}v {7}1 hour from now$/m },
        {
          micro: 'store read --table T --output json later',
          prints: /"key": "later",\n {4}"value": "dg==",\n {4}"metadata": \{\},\n {4}"expiry": 7\d{12}\n/,
        },
        { micro: 'store delete --table T later' },
        { micro: 'store read --table T later', exit: 1, prints: 'Not found' },
        { micro: 'store delete --table T nosuch' },
        { micro: 'store databases', prints: 'micro' },
        { micro: 'store tables', prints: /^T$/m },
      ]),
    patient,
  );

  /** A folder that the Go command line can send: it takes Go sources only. */
  const sourceOf = (name: string, main: string): void => {
    const folder = join(sources, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'go.mod'), `module ${name}\n\ngo 1.21\n`);
    writeFileSync(join(folder, 'main.go'), main);
    chmodSync(sources, 0o755);
    chmodSync(folder, 0o777);
  };

  test(
    'runs, updates, logs and kills a folder',
    async () => {
      sourceOf('gobin', 'package main\n\nfunc main() {}\n');
      const start = join(go.service(sources, 'go-service'), 'service');
      const run = ['run', '--command', start, '--env_vars', 'MICRO_SERVICE_ADDRESS=127.0.0.1:0', './gobin'];
      const first = await micro(run, sources);
      assert.equal([first.code, first.stdout, first.stderr], [0, '', '']);
      await poll('gobin to run', async () => /^gobin\s.*\srunning\s/m.test((await micro('status')).stdout));
      await runs([
        { micro: 'call gobin Everything.Echo {"text":"up"}', prints: /"text": "up"/ },
        { micro: 'logs gobin', prints: /Starting \[service\] gobin/ },
        { micro: 'logs -n 1 gobin', prints: /^[^\n]+\n$/ },
        { micro: 'logs -o json -n 1 gobin', prints: /^\{"Message":"[^\n]+"Metadata":\{[^\n]*\}\}\n$/ },
        {
          micro: 'logs nosuch',
          exit: 128,
          prints: /^Error reading logs: .*"detail":"Logs not found for service nosuch"/,
        },
      ]);
      assert.is((await micro('update ./gobin', sources)).code, 0);
      await poll('gobin to run again', async () => /^gobin\s.*\srunning\s/m.test((await micro('status')).stdout));
      await runs([
        { micro: 'kill gobin' },
        { micro: 'status', prints: /^(?![\s\S]*gobin)/ },
        { micro: 'kill gobin', exit: 127, prints: 'not found' },
      ]);
    },
    patient,
  );

  test(
    'sends Go sources, which the server compiles',
    async () => {
      const waits =
        'package main\n\nimport "time"\n\nfunc main() {\n\tprintln("compiled and started")\n\ttime.Sleep(time.Hour)\n}\n';
      sourceOf('gosource', waits);
      assert.is((await micro('run ./gosource', sources)).code, 0);
      await poll('the program to start', async () =>
        /^compiled and started$/m.test((await micro('logs gosource')).stdout),
      );
      sourceOf('gosource', 'package main\n\nfunc main() { nothing() }\n');
      await micro('update ./gosource', sources);
      const shown = await poll(
        'the fault',
        async () => /^gosource\s.*$/m.exec((await micro('status')).stdout)?.[0].match(/error=.*/)?.[0],
      );
      assert.match(shown, /main\.go:3:15: undefined: nothing/);
      await runs([{ micro: 'kill gosource' }]);
    },
    patient,
  );

  test(
    'makes and removes accounts, rules and tokens, and changes a password',
    () =>
      runs([
        {
          micro: 'auth create account --secret s1 --scopes a bob',
          prints: /^Account created: \{"id":"bob","type":"user","issuer":"micro"/,
        },
        { micro: 'auth create account bob', exit: 1, prints: /"detail":"Account with this ID already exists"/ },
        { micro: 'auth list accounts', prints: /^bob\s+bob\s+a\s+created=\d+ $/m },
        {
          micro: 'auth create token --id bob --secret s1',
          prints:
            /^Token created: \{"access_token":"[\w-]+\.[\w-]+\.[\w-]+","refresh_token":"[\w-]+","created":"[^"]+","expiry":"[^"]+"\}$/m,
        },
        { micro: 'auth create rule --resource service:foo:* --access granted --priority 5 r1', prints: 'Rule created' },
        {
          micro: 'auth create rule --resource service:foo:* --access granted r1',
          exit: 1,
          prints: 'Error: A rule with this ID already exists',
        },
        { micro: 'auth list rules', prints: /^r1\t\t<public>\t\tGRANTED\t\tservice:foo:\*\t\t5$/m },
        { micro: 'auth list rules', prints: /^default\t\t<public>\t\tGRANTED\t\t\*:\*:\*\t\t\t0$/m },
        { micro: 'auth delete rule r1', prints: 'Rule deleted' },
        { micro: 'auth delete rule r1', exit: 1, prints: 'Error: Rule not found' },
        { micro: 'auth delete account bob' },
        { micro: 'auth delete account bob', exit: 1, prints: /"detail":"Account not found with this ID"/ },
        { micro: 'user set password --old-password micro --new-password other' },
        { micro: 'login --username admin --password micro', exit: 1, prints: 'Secret not correct' },
        { micro: 'login --username admin --password other', prints: 'Successfully logged in.' },
        { micro: 'logout' },
        { micro: 'services', exit: 2, prints: notAuthorized },
      ]),
    patient,
  );
};

const go = await openGoMicro(['micro', 'go-service']);
const reason = 'absent' in go ? go.absent : await prepareGo();
if ('absent' in go || reason !== undefined) process.stdout.write(`SKIP the Go command line: ${reason}\n`);
else tests(go);

test.run();
