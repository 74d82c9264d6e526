/** Many command lines at once on one home: a token that all of them must renew, while logins to other places come and go. Nobody loses a login. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type MicroResult, runMicro, type Server, startServer } from '../support/server.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: parallel logins');
/** Commands that start together. */
const together = 12;
/** So many programs take their time on a busy machine. */
const crowdLimitMs = 90_000;
let server: Server;
let home: string;

test.before(async () => {
  home = tempFolder();
  server = await startServer({ cwd: home });
  // Two addresses of one server: logins are kept by address.
  await succeeds(['env', 'add', 'one', server.proxyAddress]);
  await succeeds(['env', 'add', 'two', server.proxyAddress.replace('127.0.0.1', 'localhost')]);
});
test.after(async () => {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

const tokensFile = (): string => join(home, '.micro', 'tokens');

const micro = (args: readonly string[]): Promise<MicroResult> =>
  runMicro(args, {
    cwd: home,
    env: { ...server.env, HOME: home, MICRO_PROXY: undefined, MICRO_DATA_DIR: undefined },
  });

const succeeds = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await micro(args);
  assert.is(code, 0, `micro ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};

const logIn = (env: string): Promise<string> =>
  succeeds(['-e', env, 'login', '--username', 'admin', '--password', 'micro']);

interface Line {
  readonly key: string;
  readonly token: { readonly refresh_token: string; readonly expiry: number };
}

/** Throws when a line is no line. */
const readLines = (): readonly Line[] =>
  readFileSync(tokensFile(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, key = '', payload = ''] = /^(micro:\/\/.+):([\w+/]+=*)$/.exec(line) ?? [];
      return { key, token: JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) };
    });

const lineOf = (key: string): Line => {
  const found = readLines().filter((line) => line.key === key);
  assert.is(found.length, 1, `${found.length} lines for ${key}`);
  return found[0] as Line;
};

/** As if the token had run out just now. */
const expire = (key: string): void => {
  const lines = readLines().map(({ key: own, token }) => {
    const payload = own === key ? { ...token, expiry: 1 } : token;
    return `${own}:${Buffer.from(JSON.stringify(payload)).toString('base64')}\n`;
  });
  writeFileSync(tokensFile(), lines.join(''));
};

const loginsElsewhere = async (): Promise<void> => {
  await logIn('two');
  await succeeds(['-e', 'two', 'services']);
  await succeeds(['-e', 'two', 'logout']);
  await succeeds(['-e', 'two', 'user', 'config', 'set', 'noted', 'yes']);
  await logIn('two');
};

for (const { what, prepare } of [
  { what: 'a fresh login', prepare: async () => void (await logIn('one')) },
  { what: 'a login that ran out', prepare: async () => expire(`micro://${server.proxyAddress}/micro/admin`) },
])
  test(
    `${what} is renewed by ${together} commands at once, and all of them go through`,
    async () => {
      await prepare();
      const key = `micro://${server.proxyAddress}/micro/admin`;
      const before = lineOf(key);
      const commands = Array.from({ length: together }, () => succeeds(['-e', 'one', 'services']));
      const [services] = await Promise.all([Promise.all(commands), loginsElsewhere()]);
      for (const text of services) assert.match(text, /^auth$/m);

      const after = lineOf(key);
      assert.is.not(after.token.refresh_token, before.token.refresh_token);
      assert.ok(after.token.expiry - before.token.expiry > 500, 'ten minutes instead of one');
      assert.equal(
        readLines()
          .map((line) => line.key)
          .sort(),
        [key, key.replace('127.0.0.1', 'localhost')].sort(),
      );
      for (const env of ['one', 'two']) assert.is(await succeeds(['-e', env, 'user']), 'admin\n');
      assert.is(await succeeds(['user', 'config', 'get', 'noted']), 'yes\n');
      assert.equal(
        readdirSync(join(home, '.micro')).sort(),
        ['config.json', 'tokens'],
        'no lock and no half file is left',
      );

      // What was written down last is what the server goes by.
      expire(key);
      assert.is(await succeeds(['-e', 'one', 'user']), 'admin\n');
    },
    { limitMs: crowdLimitMs },
  );

test('damaged lines cost nobody else a login', async () => {
  writeFileSync(tokensFile(), `nonsense\n${readFileSync(tokensFile(), 'utf8')}micro://x:1/micro/eve:%%%%\n`);
  assert.is(await succeeds(['-e', 'one', 'user']), 'admin\n');
  await succeeds(['-e', 'two', 'logout']);
  await logIn('two');
  assert.is(await succeeds(['-e', 'two', 'user']), 'admin\n');
  const text = readFileSync(tokensFile(), 'utf8');
  assert.ok(
    text.includes('nonsense\n') && text.includes('micro://x:1/micro/eve:%%%%\n'),
    'kept for whoever can read them',
  );
});

test.run();
