/**
 * Every reason for a denial, as people and programs meet it: code, word and way out in the error JSON, the same at the proxy, and in two lines at the
 * command line. The table has a row for each reason, and a reason without one does not compile.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import type { DenialReason } from '../../internal/contract/denial.ts';
import { openHome } from '../../internal/home/home.ts';
import { saveLogin } from '../../internal/home/login.ts';
import { placeOf } from '../../internal/home/place.ts';
import { startLocalAuth } from '../conformance/start-local-auth.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type MicroResult, runMicro, type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';
import { type Ask, openWays, type Ways } from '../support/ways.ts';

const test = suite('e2e: denials');

/** Of all accounts here, and what one of them has in its place later. */
const secret = 'of-everybody-here';
const nextSecret = 'of-one-later';
/** Failed logins that an account may have before it must wait. */
const loginFailures = 2;

interface Login {
  readonly id: string;
  readonly namespace: string;
  readonly token: { readonly accessToken: string; readonly refreshToken: string };
}

let server: Server;
let admin: RpcCaller;
let ways: Ways;
let folder: string;
const logins = new Map<string, Login>();

const loginOf = async (
  by: RpcCaller,
  o: { readonly id: string; readonly secret: string; readonly expiry?: number; readonly namespace?: string },
): Promise<Login> => {
  const { id, secret, expiry = 3_600, namespace = 'micro' } = o;
  const request = { id, secret, token_expiry: expiry, options: { namespace } };
  const { token } = (await by.call('auth', 'Auth.Token', request)) as {
    token: { access_token: string; refresh_token: string };
  };
  return { id, namespace, token: { accessToken: token.access_token, refreshToken: token.refresh_token } };
};

const make = async (id: string, more: { type?: string; scopes?: readonly string[]; namespace?: string } = {}) => {
  const { namespace = 'micro', ...fields } = more;
  await admin.call('auth', 'Auth.Generate', { id, secret, ...fields, options: { namespace } });
  logins.set(id, await loginOf(admin, { id, secret, namespace }));
};

/** A login to another environment, whose server has a key of its own. */
const makeElsewhere = async (): Promise<void> => {
  const { instance, stop } = await startLocalAuth();
  const token = await instance.token({ id: 'admin', secret: 'micro', expirySeconds: 3_600 });
  logins.set('elsewhere', { id: 'admin', namespace: 'micro', token });
  await stop();
};

test.before(async () => {
  folder = tempFolder();
  server = await startServer({
    env: { MICRO_AUTH_LOGIN_FAILURES: String(loginFailures), MICRO_LOG_LEVEL: 'trace' },
  });
  admin = await openAdminCaller(server.proxyAddress);
  ways = await openWays(server);
  await Promise.all([
    ok(server, ['run', '--wait', copyExample(folder, 'helloworld')]),
    ...['plain', 'ended', 'changed', 'guessed'].map((id) => make(id)),
    make('customer', { type: 'customer' }),
    make('dev', { scopes: ['dev'] }),
    make('foreign', { namespace: 'foo' }),
    makeElsewhere(),
  ]);
  await admin.call('auth', 'Accounts.Delete', { id: 'ended' });
  await admin.call('auth', 'Accounts.ChangeSecret', { id: 'changed', new_secret: nextSecret });
  logins.set('short', await loginOf(admin, { id: 'plain', secret, expiry: 1 }));
  const { token } = logins.get('plain')!;
  logins.set('damaged', { ...logins.get('plain')!, token: { ...token, accessToken: `${token.accessToken}x` } });
  const resource = { type: 'service', name: 'helloworld', endpoint: 'Helloworld.Call' };
  await admin.call('auth', 'Rules.Create', { rule: { id: 'no-dev', scope: 'dev', resource, access: 'DENIED' } });
  await admin.call('auth', 'Rules.Delete', { id: 'default' });
  for (let i = 0; i < loginFailures; i += 1)
    await admin.call('auth', 'Auth.Token', { id: 'guessed', secret: 'wrong' }).catch(() => undefined);
  await poll('the short token has ended', async () => (await ways.proxy(list('short'))).code === 401);
});

test.after(async () => {
  await ways?.close();
  await admin?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const by = (login: string | undefined, service: string, endpoint: string, request: object = {}): Ask => ({
  service,
  endpoint,
  request,
  namespace: null,
  token: login === undefined ? undefined : logins.get(login)!.token.accessToken,
});
const list = (login: string | undefined): Ask => by(login, 'registry', 'Registry.ListServices');

interface Shown {
  /** A call that is denied for this reason, and the answer; left out where only the caller can know it. */
  readonly port?: { readonly ask: () => Ask; readonly code: number; readonly hint: RegExp };
  /** A command that is denied for this reason; left out where the command line cannot bring it about. */
  readonly command?: {
    /** Who is logged in; nobody when left out. */
    readonly login?: string;
    readonly words: readonly string[];
    readonly exit: number;
    /** All that it says. */
    readonly says: RegExp;
    /** How far its clock is off. */
    readonly shift?: string;
  };
}

const notAuthorized = (hint: string): RegExp => new RegExp(`^Not authorized to perform this request\n${hint}\n$`);

const shown: Readonly<Record<DenialReason, Shown>> = {
  no_token: {
    port: {
      ask: () => list(undefined),
      code: 401,
      hint: /^the call carries no token: send authorization: Bearer TOKEN/,
    },
    command: { words: ['services'], exit: 2, says: notAuthorized('you are not logged in to local: micro login') },
  },
  malformed_token: {
    port: {
      ask: () => ({ ...list(undefined), headers: { authorization: 'Digest abc' } }),
      code: 401,
      hint: /^send authorization: Bearer TOKEN$/,
    },
  },
  expired_token: {
    port: { ask: () => list('short'), code: 401, hint: /^the token expired (\d+m)?\d+s ago; get a new one$/ },
    command: {
      login: 'short',
      words: ['services'],
      exit: 2,
      says: notAuthorized('the token expired (\\d+m)?\\d+s ago; get a new one'),
    },
  },
  clock_skew: {
    command: {
      login: 'short',
      words: ['services'],
      exit: 2,
      says: notAuthorized(
        'the clock here is 1h0m\\d+s behind that of the server of local, so its tokens seem to last: set the clock, then micro login',
      ),
      shift: '-1h',
    },
  },
  invalid_token: {
    port: { ask: () => list('damaged'), code: 401, hint: /^the token is not valid, it is not a JWT: micro login$/ },
    command: {
      login: 'damaged',
      words: ['services'],
      exit: 2,
      says: notAuthorized('the token in use had ended before its time; there is a new one now: try again'),
    },
  },
  wrong_environment: {
    port: { ask: () => list('elsewhere'), code: 401, hint: /another server/ },
    command: { login: 'elsewhere', words: ['services'], exit: 2, says: notAuthorized('.*another server.*') },
  },
  ended_account: {
    port: { ask: () => list('ended'), code: 401, hint: /^there is no account ended in namespace micro/ },
    command: {
      login: 'ended',
      words: ['services'],
      exit: 2,
      says: notAuthorized('there is no account ended in namespace micro.*'),
    },
  },
  changed_secret: {
    port: { ask: () => list('changed'), code: 401, hint: /^the secret of changed has changed since: log in again$/ },
    command: {
      login: 'changed',
      words: ['services'],
      exit: 2,
      says: notAuthorized('the secret of changed has changed since: log in again'),
    },
  },
  wrong_namespace: {
    port: {
      ask: () => ({ ...by('foreign', 'registry', 'Registry.ListServices'), namespace: 'micro' }),
      code: 403,
      hint: /^foreign belongs to namespace foo, the call is about namespace micro/,
    },
    command: {
      login: 'foreign',
      words: ['-namespace=foo', 'registry', 'listServices', '--options_domain=micro'],
      exit: 127,
      says: /^access denied to namespace\nforeign belongs to namespace foo, the call is about namespace micro.*\n$/,
    },
  },
  wrong_type: {
    port: { ask: () => list('customer'), code: 403, hint: /^customer .* type customer/ },
    command: {
      login: 'customer',
      words: ['services'],
      exit: 127,
      says: /^access denied to namespace\ncustomer .* type customer.*\n$/,
    },
  },
  not_admin: {
    port: {
      ask: () => by('plain', 'auth', 'Accounts.List'),
      code: 401,
      hint: /^plain of namespace micro is no admin: /,
    },
    command: {
      login: 'plain',
      words: ['kill', 'helloworld'],
      exit: 2,
      says: notAuthorized('plain of namespace micro is no admin: .*'),
    },
  },
  rule_denied: {
    port: {
      ask: () => by('dev', 'helloworld', 'Helloworld.Call'),
      code: 403,
      hint: /^a rule of namespace micro denies it to dev; .*: micro auth can dev helloworld Helloworld\.Call$/,
    },
    command: {
      login: 'dev',
      words: ['call', 'helloworld', 'Helloworld.Call'],
      exit: 127,
      says: /^Forbidden call made to helloworld:Helloworld\.Call by dev\na rule of namespace micro denies it to dev; .*: micro auth can dev helloworld Helloworld\.Call\n$/,
    },
  },
  no_rule: {
    port: {
      ask: () => by('dev', 'helloworld', 'Helloworld.Stream'),
      code: 403,
      hint: /^no rule of namespace micro admits dev; .*: micro auth can dev helloworld Helloworld\.Stream$/,
    },
    command: {
      login: 'dev',
      words: ['stream', 'helloworld', 'Helloworld.Stream'],
      exit: 127,
      says: /^Forbidden call made to helloworld:Helloworld\.Stream by dev\nno rule of namespace micro admits dev; .*: micro auth can dev helloworld Helloworld\.Stream\n$/,
    },
  },
  too_many_logins: {
    port: {
      ask: () => by(undefined, 'auth', 'Auth.Token', { id: 'guessed', secret }),
      code: 429,
      hint: /^wait \d+s$/,
    },
    command: {
      words: ['login', '--username=guessed', `--password=${secret}`],
      exit: 1,
      says: /^too many failed logins as guessed: try again in \d+s\nwait \d+s\n$/,
    },
  },
};

/** What the API answers; its error JSON is that of all ways. */
const overHttp = async ({
  service,
  endpoint,
  request,
  token,
  namespace,
  headers,
}: Ask): Promise<Record<string, unknown>> => {
  const response = await fetch(`http://${server.apiAddress}/${service}/${endpoint.replace('.', '/')}`, {
    method: 'POST',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(namespace && { 'micro-namespace': namespace }),
      ...headers,
    },
    body: JSON.stringify(request),
  });
  const error = (await response.json()) as Record<string, unknown>;
  assert.is(response.status, error.code);
  return error;
};

/** As somebody with a home of their own, where this login is kept as `micro login` keeps it. */
const command = async (
  reason: string,
  { login, words, shift }: NonNullable<Shown['command']>,
  clock: Readonly<Record<string, string>> = {},
): Promise<MicroResult> => {
  const home = join(folder, `home-${reason}`);
  mkdirSync(home);
  if (login !== undefined) {
    const { id, namespace, token } = logins.get(login)!;
    const own = openHome({ dir: join(home, '.micro') });
    const created = Math.floor(Date.now() / 1_000);
    // A token that has ended is sent only by who believes that it lasts.
    const kept = { ...token, created, expiry: created + (shift === undefined ? 3_600 : 0) };
    await saveLogin(own, placeOf(own, { address: server.proxyAddress, namespace }), { id, token: kept });
  }
  const env = { ...server.env, ...clock, HOME: home, MICRO_DATA_DIR: join(home, 'none') };
  return runMicro(words, { cwd: home, env });
};

for (const [reason, { port, command: asked }] of Object.entries(shown)) {
  if (port !== undefined)
    test(`${reason}, to programs`, async () => {
      const error = await overHttp(port.ask());
      assert.equal([error.code, error.reason], [port.code, reason], JSON.stringify(error));
      assert.match(String(error.hint), port.hint);
      const { code, reason: word, id, detail } = await ways.proxy(port.ask());
      assert.equal([code, word, id, detail], [error.code, error.reason, error.id, error.detail]);
    });
  if (asked !== undefined)
    test(`${reason}, at the command line`, async () => {
      const clock = asked.shift === undefined ? {} : shiftedClock(asked.shift);
      if (clock === undefined) return console.log(`SKIP ${reason}: no faketime`);
      const { code, stdout, stderr } = await command(reason, asked, clock);
      assert.match(stderr, asked.says);
      assert.equal([code, stdout], [asked.exit, '']);
    });
}

test('the most talkative log names the denials and tells no token and no secret', () => {
  const log = server.output();
  for (const code of [401, 403, 429]) assert.match(log, new RegExp(` code=${code} `));
  const tokens = [...logins.values()].flatMap(({ token }) => [token.accessToken, token.refreshToken]);
  for (const text of [secret, nextSecret, ...tokens]) assert.not.ok(log.includes(text), text);
});

test.run();
