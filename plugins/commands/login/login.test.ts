/** Tests of login over the real local auth driver: what is asked, printed and kept. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import type { Auth } from '../../../internal/contract/auth.ts';
import type { Client } from '../../../internal/contract/client.ts';
import { badRequest, ExitError, unavailable } from '../../../internal/contract/error.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { isLoggedOut, readLogin, removeLogin } from '../../../internal/home/login.ts';
import { type Place, placeOf } from '../../../internal/home/place.ts';
import { startLocalAuth } from '../../../test/conformance/start-local-auth.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { run } from './login.ts';
import type { config, flags, needs } from './plugin.ts';

const test = suite('commands/login');
const home = mkdtempSync(join(tmpdir(), 'micro-test-'));
const oldHome = process.env.HOME;
let local: Awaited<ReturnType<typeof startLocalAuth>>;

test.before(async () => {
  process.env.HOME = home;
  local = await startLocalAuth();
});
test.each(() => rmSync(join(home, '.micro'), { recursive: true, force: true }));
test.after(async () => {
  process.env.HOME = oldHome;
  rmSync(home, { recursive: true, force: true });
  await local.stop();
});

type Flags = Call<typeof flags>['flags'];

interface Ran {
  readonly lines: string[];
  readonly prompts: string[];
  readonly error: unknown;
}

const login = async (given: Flags, answers: string[] = [], auth: Auth = local.instance): Promise<Ran> => {
  const lines: string[] = [];
  const prompts: string[] = [];
  const out = {
    line: (text: string) => lines.push(text),
    prompt: async (text: string, o: { hidden?: boolean } = {}) => {
      prompts.push(o.hidden ? `${text}(hidden)` : text);
      return answers.shift() ?? '';
    },
  };
  const error = await run(callOf(given, out as unknown as Output), contextOf(auth)).catch((e: unknown) => e);
  return { lines, prompts, error };
};

const callOf = (given: Flags, out: Output): Call<typeof flags> => ({
  args: [],
  flags: given,
  given: new Set(Object.keys(given)),
  rest: [],
  raw: [],
  out,
});

const contextOf = (auth: Auth): PluginContext<typeof config, typeof needs> => ({
  config: {},
  // Only signing up makes other calls; its own tests show them.
  needs: { auth, client: {} as Client },
  log: silentLog,
  signal: new AbortController().signal,
  dataDir: home,
  now: Date.now,
});

const place = (): Place => placeOf(openHome());
const current = (): string | undefined => readLogin(openHome(), place())?.id;

test('logs in with flags, prints one line and keeps a token of a minute', async () => {
  const { lines, prompts, error } = await login({ username: 'admin', password: 'micro' });
  assert.is(error, undefined);
  assert.equal(lines, ['Successfully logged in.']);
  assert.equal(prompts, []);
  const saved = readLogin(openHome(), place());
  assert.is(saved?.id, 'admin');
  assert.is((saved?.token.expiry ?? 0) - (saved?.token.created ?? 0), 60);
  assert.match(
    readFileSync(join(home, '.micro', 'tokens'), 'utf8'),
    /^micro:\/\/127\.0\.0\.1:8081\/micro\/admin:\S+\n$/,
  );
});

test('asks for what no flag gave, the password hidden', async () => {
  const { prompts, error } = await login({}, [' admin ', ' micro ']);
  assert.is(error, undefined);
  assert.equal(prompts, ['Enter username: ', 'Enter password: (hidden)']);
  assert.is(current(), 'admin');
});

test('keeps the id of whoever logs in by name', async () => {
  await local.instance.generate({ id: 'id-1', name: 'jane', secret: 's' });
  await login({ username: 'jane', password: 's' });
  assert.is(current(), 'id-1');
});

for (const c of [
  { id: 'admin', secret: 'wrong', text: 'Secret not correct' },
  { id: 'nobody', secret: 'micro', text: 'Account not found with this ID' },
  { id: '', secret: '', text: 'Credentials or a refresh token required' },
])
  test(`fails with: ${c.text}`, async () => {
    await login({ username: 'admin', password: 'micro' });
    const { lines, error } = await login({ username: c.id, password: c.secret });
    assert.ok(error instanceof ExitError);
    assert.is(error.message, c.text);
    assert.is(error.exitCode, 1);
    assert.equal(lines, []);
    assert.is(current(), undefined, 'the login before is over, as in v3');
    assert.ok(isLoggedOut(openHome(), place()));
  });

test('a server that does not answer changes nothing', async () => {
  await login({ username: 'admin', password: 'micro' });
  const auth = { ...local.instance, token: () => Promise.reject(unavailable('go.micro.client', 'down')) };
  const { error } = await login({ username: 'admin', password: 'micro' }, [], auth);
  assert.match(String(error), /down/);
  assert.is(current(), 'admin');
});

test('fails when the token that the password gave is not known', async () => {
  const inspect = () => Promise.reject(badRequest('auth.Auth.Inspect', 'invalid token provided'));
  const { error, lines } = await login({ username: 'admin', password: 'micro' }, [], { ...local.instance, inspect });
  assert.ok(error instanceof ExitError);
  assert.equal([error.message, error.exitCode, lines], ['invalid token provided', 1, []]);
  assert.is(current(), undefined);
});

test('a login ends a logout', async () => {
  await removeLogin(openHome(), place());
  assert.ok(isLoggedOut(openHome(), place()));
  await login({ username: 'admin', password: 'micro' });
  assert.not.ok(isLoggedOut(openHome(), place()));
});

test.run();
