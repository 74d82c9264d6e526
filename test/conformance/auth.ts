/** What every auth driver must do (contract/auth.ts, wire.md 5). Each case starts without accounts and acts with every right. */

import * as assert from 'uvu/assert';

import type { AuthChange } from '../../internal/contract/auth-change.ts';
import type { Account, Auth, Rule } from '../../internal/contract/auth.ts';
import { isMicroError } from '../../internal/contract/error.ts';
import { runConformance, type Subject } from '../support/conformance.ts';
import { poll } from '../support/poll.ts';

/** Fails with exactly this code, id and detail. */
const fails = async (work: Promise<unknown>, code: number, id: string, detail: string): Promise<void> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isMicroError(error)) throw new Error(`expected ${code} ${detail}, got ${String(error)}`);
  assert.equal({ code: error.code, id: error.id, detail: error.detail }, { code, id, detail });
};

const invalid = (work: Promise<unknown>): Promise<void> =>
  fails(work, 400, 'auth.Auth.Inspect', 'invalid token provided');

const ids = (accounts: readonly Account[]): readonly string[] => accounts.map((a) => a.id).sort();

type JsonObject = Readonly<Record<string, unknown>>;

const partsOf = (token: string): readonly JsonObject[] =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));

const rule = (id: string, more: Partial<Rule> = {}): Rule => ({
  id,
  scope: '*',
  resource: { type: 'service', name: 'helloworld', endpoint: '*' },
  access: 'granted',
  priority: 1,
  ...more,
});

const foo = { namespace: 'foo' };
const probe = { namespace: 'probe' };

/** What is known at once must be what would be answered; nothing known is always right. */
const agrees = async (auth: Auth, token: string): Promise<void> => {
  const account = auth.known?.account(token);
  if (account !== undefined) assert.equal(account, await auth.inspect(token));
  const rules = auth.known?.rules('micro');
  if (rules !== undefined) assert.equal(rules, await auth.rules());
};

/** What is told while `work` runs and until `enough` holds; a driver need not tell. Not what belongs to no change: `missed` may come at any time. */
const toldDuring = async (
  auth: Auth,
  work: () => Promise<void>,
  enough: (told: readonly AuthChange[]) => boolean,
): Promise<readonly AuthChange[] | undefined> => {
  const told: AuthChange[] = [];
  const end = auth.changes?.((change) => change.kind !== 'missed' && told.push(change));
  if (end === undefined) return undefined;
  try {
    // Who remembers nothing need not be told, and a driver may have to open a feed of its own first.
    await auth.rules();
    await poll('the feed to tell', async () => {
      await auth.createRule(rule('probe'), probe);
      await auth.deleteRule('probe', probe);
      return told.length > 0;
    });
    await work();
    await poll('what the work changed', () => enough(told));
    return told.filter((change) => !(change.kind === 'rules' && change.namespace === probe.namespace));
  } finally {
    end();
  }
};

/** As the header of a token says it. */
const generationOf = (token: string): unknown => partsOf(token)[0]?.gen;

export const cases: Readonly<Record<string, (auth: Auth) => Promise<void>>> = {
  'what it knows at once ends with the account, the secret and the rule': async (auth) => {
    await auth.generate({ id: 'jane', secret: 'old' });
    await auth.generate({ id: 'joe', secret: 's' });
    const jane = (await auth.token({ id: 'jane', secret: 'old' })).accessToken;
    const joe = (await auth.token({ id: 'joe', secret: 's' })).accessToken;
    await auth.rules();
    for (const token of [jane, joe]) {
      await auth.inspect(token);
      await agrees(auth, token);
    }
    await auth.changeSecret('jane', { newSecret: 'new' });
    await auth.deleteAccount('joe');
    for (const token of [jane, joe]) assert.is(auth.known?.account(token), undefined);
    await auth.createRule(rule('extra'));
    await agrees(auth, jane);
    await auth.rules();
    await auth.deleteRule('extra');
    await agrees(auth, jane);
    assert.is(auth.known?.account('no.such.token'), undefined);
  },

  'tells of tokens that have ended, by their generation, and of nothing else': async (auth) => {
    for (const id of ['jane', 'joe', 'jim']) await auth.generate({ id, secret: 's' });
    const tokenOf = async (id: string): Promise<string> => (await auth.token({ id, secret: 's' })).accessToken;
    const [jane, joe, jim] = [await tokenOf('jane'), await tokenOf('joe'), await tokenOf('jim')];
    const told = await toldDuring(
      auth,
      async () => {
        const unknown = auth.changeSecret('nobody', { newSecret: 'n' });
        await fails(unknown, 400, 'auth.Accounts.ChangeSecret', 'Account not found with this ID');
        await auth.deleteAccount('jane');
        await auth.changeSecret('joe', { newSecret: 'new' });
        await auth.generate({ id: 'jane', secret: 's' });
      },
      (changes) => changes.filter(({ kind }) => kind === 'tokens').length === 2,
    );
    await auth.inspect(jim);
    if (told === undefined) return;
    const namespace = 'micro';
    assert.equal(told, [
      { kind: 'tokens', generation: generationOf(jane), reason: 'ended_account', account: { namespace, id: 'jane' } },
      { kind: 'tokens', generation: generationOf(joe), reason: 'changed_secret', account: { namespace, id: 'joe' } },
    ]);
    for (const id of ['jane', 'jim']) assert.is.not(generationOf(await tokenOf(id)), generationOf(jane));
  },

  'tells of changed rules by their namespace, when its answers follow them': async (auth) => {
    let seen: Promise<readonly Rule[]> | undefined;
    const end = auth.changes?.((change) => {
      if (change.kind === 'rules' && change.namespace === 'foo') seen = auth.rules(foo);
    });
    const told = await toldDuring(
      auth,
      async () => {
        await auth.rules(foo);
        await auth.createRule(rule('extra'), foo);
      },
      (changes) => changes.some((change) => change.kind === 'rules' && change.namespace === 'foo'),
    );
    end?.();
    if (told === undefined) return;
    assert.equal(told, [{ kind: 'rules', namespace: 'foo' }]);
    assert.ok((await seen)?.some(({ id }) => id === 'extra'));
  },

  'generates an account with its defaults': async (auth) => {
    const made = await auth.generate({ id: 'jane' });
    assert.is(made.id, 'jane');
    assert.is(made.name, 'jane');
    assert.is(made.type, 'user');
    assert.is(made.issuer, 'micro');
    assert.equal(made.scopes, []);
    assert.ok(made.secret.length >= 32, 'a random secret');
    assert.match(made.metadata.created ?? '', /^\d{10,}$/);
  },

  'keeps what an account was given': async (auth) => {
    const wish = {
      id: 'jane',
      name: 'Jane D',
      type: 'service',
      scopes: ['a', 'b'],
      metadata: { team: 'x' },
      secret: 's',
    };
    const made = await auth.generate(wish, foo);
    assert.is(made.secret, 's');
    const [found] = (await auth.accounts(foo)).filter((a) => a.id === 'jane');
    assert.is(found?.name, 'Jane D');
    assert.is(found?.type, 'service');
    assert.is(found?.issuer, 'foo');
    assert.equal(found?.scopes, ['a', 'b']);
    assert.is(found?.metadata.team, 'x');
    assert.not.ok('secret' in (found ?? {}) && (found as { secret?: string }).secret, 'no secret in a list');
  },

  'refuses an account without id': (auth) => fails(auth.generate({ id: '' }), 400, 'auth.Auth.Generate', 'ID required'),

  'refuses a taken id and a taken name': async (auth) => {
    await auth.generate({ id: 'jane', name: 'janey' });
    await fails(auth.generate({ id: 'jane' }), 400, 'auth', 'Account with this ID already exists');
    await fails(auth.generate({ id: 'other', name: 'janey' }), 400, 'auth', 'Account with this Name already exists');
  },

  'lets one of two parallel generates win': async (auth) => {
    const outcomes = await Promise.allSettled([auth.generate({ id: 'jane' }), auth.generate({ id: 'jane' })]);
    assert.is(outcomes.filter((o) => o.status === 'fulfilled').length, 1);
  },

  'has admin/micro in namespace micro only': async (auth) => {
    const token = await auth.token({ id: 'admin', secret: 'micro' });
    const admin = await auth.inspect(token.accessToken);
    assert.is(admin.id, 'admin');
    assert.is(admin.type, 'user');
    assert.is(admin.issuer, 'micro');
    assert.equal(admin.scopes, ['admin']);
    assert.match(admin.metadata.created ?? '', /^\d{10,}$/);
    assert.ok(ids(await auth.accounts()).includes('admin'));
    const elsewhere = auth.token({ id: 'admin', secret: 'micro' }, foo);
    await fails(elsewhere, 400, 'auth.Auth.Token', 'Account not found with this ID');
  },

  'does not bring a deleted admin back while there is another user': async (auth) => {
    await auth.token({ id: 'admin', secret: 'micro' });
    await auth.generate({ id: 'boss', scopes: ['admin'], secret: 's' });
    await auth.token({ id: 'boss', secret: 's' });
    await auth.deleteAccount('admin');
    await fails(auth.token({ id: 'admin', secret: 'micro' }), 400, 'auth.Auth.Token', 'Account not found with this ID');
    assert.not.ok(ids(await auth.accounts()).includes('admin'));
  },

  'has admin/micro beside services, which are no users': async (auth) => {
    await auth.generate({ id: 'svc-latest', type: 'service', scopes: ['service'] });
    assert.equal(ids(await auth.accounts()), ['admin', 'svc-latest']);
    await auth.token({ id: 'admin', secret: 'micro' });
  },

  'gives a token by id or by name': async (auth) => {
    await auth.generate({ id: 'jane', name: 'janey', secret: 's' });
    for (const id of ['jane', 'janey'])
      assert.is((await auth.inspect((await auth.token({ id, secret: 's' })).accessToken)).id, 'jane');
  },

  'gives tokens with v3 claims and nothing else': async (auth) => {
    await auth.generate({ id: 'jane', name: 'janey', scopes: ['a'], metadata: { k: 'v' }, secret: 's' }, foo);
    const token = await auth.token({ id: 'jane', secret: 's', expirySeconds: 600 }, foo);
    const [header = {}, claims = {}] = partsOf(token.accessToken);
    assert.is(header.alg, 'RS256');
    assert.is(header.typ, 'JWT');
    assert.equal(Object.keys(claims).sort(), ['exp', 'iss', 'metadata', 'name', 'scopes', 'sub', 'type']);
    assert.is(claims.sub, 'jane');
    assert.is(claims.iss, 'foo');
    assert.is(claims.name, 'janey');
    assert.is(claims.exp, token.expiry);
    assert.is((claims.metadata as JsonObject).k, 'v');
  },

  'lets a token live as long as asked, 15 minutes by default': async (auth) => {
    const short = await auth.token({ id: 'admin', secret: 'micro' });
    assert.is(short.expiry - short.created, 900);
    const long = await auth.token({ id: 'admin', secret: 'micro', expirySeconds: 60 });
    assert.is(long.expiry - long.created, 60);
  },

  'refuses tokens without credentials and with wrong ones': async (auth) => {
    await auth.generate({ id: 'jane', secret: 's' });
    const at = 'auth.Auth.Token';
    for (const request of [{}, { id: 'jane' }, { secret: 's' }])
      await fails(auth.token(request), 400, at, 'Credentials or a refresh token required');
    await fails(auth.token({ id: 'jane', secret: 'x' }), 400, at, 'Secret not correct');
    await fails(auth.token({ id: 'joe', secret: 's' }), 400, at, 'Account not found with this ID');
    await fails(auth.token({ refreshToken: 'unknown' }), 400, at, 'invalid token provided');
  },

  'inspects what it issued and nothing else': async (auth) => {
    const { accessToken } = await auth.token({ id: 'admin', secret: 'micro' });
    const [header = '', claims = '', signature = ''] = accessToken.split('.');
    const forged = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
    const evil = Buffer.from(JSON.stringify({ ...forged, sub: 'root' })).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const bad of [
      '',
      'x',
      'a.b.c',
      `${header}.${evil}.${signature}`,
      `${unsigned}.${claims}.`,
      `${header}.${claims}`,
      `${accessToken}x`,
      `${accessToken}.${signature}`,
    ])
      await invalid(auth.inspect(bad));
    assert.is((await auth.inspect(accessToken)).id, 'admin');
  },

  'refreshes, and gives the same successor to parallel callers': async (auth) => {
    const first = await auth.token({ id: 'admin', secret: 'micro' });
    const refreshes = [1, 2, 3].map(() => auth.token({ refreshToken: first.refreshToken, expirySeconds: 600 }));
    const [a, b, c] = await Promise.all(refreshes);
    assert.is.not(a?.refreshToken, first.refreshToken);
    assert.is(a?.refreshToken, b?.refreshToken);
    assert.is(a?.refreshToken, c?.refreshToken);
    assert.is((await auth.inspect(a?.accessToken ?? '')).id, 'admin');
    const again = await auth.token({ refreshToken: first.refreshToken });
    assert.is(again.refreshToken, a?.refreshToken, 'within the grace');
    const next = await auth.token({ refreshToken: a?.refreshToken });
    assert.is.not(next.refreshToken, a?.refreshToken);
  },

  'keeps two logins of one account apart': async (auth) => {
    const one = await auth.token({ id: 'admin', secret: 'micro' });
    const two = await auth.token({ id: 'admin', secret: 'micro' });
    assert.is.not(one.refreshToken, two.refreshToken);
    await auth.token({ refreshToken: one.refreshToken });
    await auth.token({ refreshToken: two.refreshToken });
  },

  'goes by the refresh token where there are credentials too': async (auth) => {
    const { refreshToken } = await auth.token({ id: 'admin', secret: 'micro' });
    const token = await auth.token({ refreshToken, id: 'nobody', secret: 'wrong' });
    assert.is((await auth.inspect(token.accessToken)).id, 'admin');
    const unknown = auth.token({ refreshToken: 'unknown', id: 'admin', secret: 'micro' });
    await fails(unknown, 400, 'auth.Auth.Token', 'invalid token provided');
  },

  'takes a refresh token only in its namespace': async (auth) => {
    const { refreshToken } = await auth.token({ id: 'admin', secret: 'micro' });
    await fails(auth.token({ refreshToken }, foo), 400, 'auth.Auth.Token', 'invalid token provided');
  },

  'takes an access token as secret and as refresh token': async (auth) => {
    await auth.generate({ id: 'svc-latest', type: 'service', scopes: ['service'], secret: 's' }, foo);
    const { accessToken } = await auth.token({ id: 'svc-latest', secret: 's' }, foo);
    // Neither the namespace nor the id beside it is compared.
    for (const [request, o] of [
      [{ id: 'svc-latest', secret: accessToken }, foo],
      [{ id: 'other', secret: accessToken }, undefined],
      [{ refreshToken: accessToken }, foo],
      [{ refreshToken: accessToken }, undefined],
    ] as const) {
      const token = await auth.token({ ...request, expirySeconds: 600 }, o);
      assert.is(token.expiry - token.created, 600);
      assert.is(token.refreshToken, token.accessToken);
      const account = await auth.inspect(token.accessToken);
      assert.is(account.id, 'svc-latest');
      assert.is(account.issuer, 'foo');
      assert.equal(account.scopes, ['service']);
    }
  },

  'ends all tokens of a deleted account at once': async (auth) => {
    await auth.generate({ id: 'jane', secret: 's' });
    const token = await auth.token({ id: 'jane', secret: 's' });
    await auth.inspect(token.accessToken);
    await auth.deleteAccount('jane');
    await invalid(auth.inspect(token.accessToken));
    const at = 'auth.Auth.Token';
    await fails(auth.token({ refreshToken: token.refreshToken }), 400, at, 'invalid token provided');
    await fails(auth.token({ id: 'jane', secret: token.accessToken }), 400, at, 'Account not found with this ID');
    await auth.generate({ id: 'jane', secret: 's' });
    await invalid(auth.inspect(token.accessToken));
  },

  'says of a token that is judged past its expiry whether its account stands': async (auth) => {
    for (const id of ['jane', 'joe', 'jim']) await auth.generate({ id, secret: 's' });
    const tokenOf = async (id: string): Promise<string> => (await auth.token({ id, secret: 's' })).accessToken;
    const [jane, joe, jim] = [await tokenOf('jane'), await tokenOf('joe'), await tokenOf('jim')];
    const judge = (token: string): Promise<Account> => auth.inspect(token, { pastExpiry: true });
    const reasonOf = (token: string): Promise<unknown> => judge(token).catch((e) => isMicroError(e) && e.reason);
    await Promise.all([jane, joe, jim].map(judge));
    await auth.deleteAccount('jane');
    await auth.changeSecret('joe', { newSecret: 'new' });
    assert.is(await reasonOf(jane), 'ended_account');
    assert.is(await reasonOf(joe), 'changed_secret');
    assert.is((await judge(jim)).id, 'jim');
    await invalid(judge(`${jim}x`));
  },

  'deletes by name, and an unknown account not at all': async (auth) => {
    await auth.generate({ id: 'jane', name: 'janey' });
    await auth.deleteAccount('janey');
    assert.not.ok(ids(await auth.accounts()).includes('jane'));
    await fails(auth.deleteAccount('jane'), 400, 'auth.Accounts.Delete', 'Account not found with this ID');
    await auth.generate({ id: 'other', name: 'janey' });
  },

  'changes a secret and ends the old tokens': async (auth) => {
    await auth.generate({ id: 'jane', secret: 'old' });
    const token = await auth.token({ id: 'jane', secret: 'old' });
    await auth.changeSecret('jane', { newSecret: 'new' });
    await invalid(auth.inspect(token.accessToken));
    await fails(auth.token({ id: 'jane', secret: 'old' }), 400, 'auth.Auth.Token', 'Secret not correct');
    assert.is((await auth.inspect((await auth.token({ id: 'jane', secret: 'new' })).accessToken)).id, 'jane');
    const blank = auth.changeSecret('jane', { newSecret: '' });
    await fails(blank, 400, 'auth.Accounts.ChangeSecret', 'New secret should not be blank');
  },

  'keeps namespaces apart': async (auth) => {
    await auth.generate({ id: 'jane', secret: 's' }, foo);
    assert.not.ok(ids(await auth.accounts()).includes('jane'));
    assert.equal(ids(await auth.accounts(foo)), ['jane']);
    assert.equal(await auth.accounts({ namespace: 'fo' }), []);
    await fails(auth.token({ id: 'jane', secret: 's' }), 400, 'auth.Auth.Token', 'Account not found with this ID');
    await auth.generate({ id: '../foo/joe', secret: 's' }, { namespace: 'bar' });
    assert.equal(ids(await auth.accounts(foo)), ['jane']);
  },

  'has the default rule where there is no other': async (auth) => {
    const expected = {
      id: 'default',
      scope: '',
      resource: { type: '*', name: '*', endpoint: '*' },
      access: 'granted',
      priority: 0,
    };
    assert.equal(plain(await auth.rules()), [expected]);
    assert.equal(plain(await auth.rules(foo)), [expected]);
    await auth.createRule(rule('mine'), foo);
    assert.equal((await auth.rules(foo)).map((r) => r.id).sort(), ['default', 'mine']);
    assert.equal(
      (await auth.rules()).map((r) => r.id),
      ['default'],
    );
  },

  'keeps rules as they were given': async (auth) => {
    const denied = rule('no', { scope: '', access: 'denied', priority: -3 });
    await auth.createRule(denied);
    await auth.createRule(rule('yes', { scope: 'admin', priority: 7 }));
    const rules = plain(await auth.rules());
    assert.equal(
      rules.find((r) => r.id === 'no'),
      denied,
    );
    assert.equal(
      rules.find((r) => r.id === 'yes'),
      rule('yes', { scope: 'admin', priority: 7 }),
    );
    await fails(auth.createRule(denied), 400, 'auth.Rules.Create', 'A rule with this ID already exists');
  },

  'deletes rules, the default one too': async (auth) => {
    await auth.createRule(rule('mine'));
    await auth.deleteRule('default');
    assert.equal(
      (await auth.rules()).map((r) => r.id),
      ['mine'],
    );
    await fails(auth.deleteRule('default'), 400, 'auth.Rules.Delete', 'Rule not found');
    await auth.deleteRule('mine');
    assert.equal(
      (await auth.rules()).map((r) => r.id),
      ['default'],
      'the default is back',
    );
  },
};

const plain = (rules: readonly Rule[]): readonly Rule[] =>
  rules.map(({ id, scope, resource: { type, name, endpoint }, access, priority }) => ({
    id,
    scope,
    resource: { type, name, endpoint },
    access,
    priority,
  }));

export const testAuth = (driverName: string, subject: Subject<Auth>): void =>
  runConformance('auth', driverName, subject, cases);
