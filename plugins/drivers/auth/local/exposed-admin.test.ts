/** The admin of a server that others can reach: never admin and micro; with a secret of its own on the first start, shown once. */

import * as assert from 'uvu/assert';

import type { Auth } from '../../../../internal/contract/auth.ts';
import { ExitError, isMicroError } from '../../../../internal/contract/error.ts';
import type { Running } from '../../../../internal/contract/plugin.ts';
import type { Store } from '../../../../internal/contract/store.ts';
import {
  type LocalAuthOptions,
  startLocalAuth,
  startMemoryStore,
} from '../../../../test/conformance/start-local-auth.ts';
import { suite } from '../../../../test/support/suite.ts';

const test = suite('auth/local: exposed');
const known = { id: 'admin', secret: 'micro' };

type Config = NonNullable<LocalAuthOptions['config']>;

/** One start of the driver on a store that outlives it. */
const withAuth = async <T>(
  needs: { store: Store },
  config: Config,
  body: (auth: Auth & Running) => Promise<T> | T,
): Promise<T> => {
  const started = await startLocalAuth({ needs, config });
  try {
    return await body(started.instance as Auth & Running);
  } finally {
    await started.stop();
  }
};

const withStore = async (body: (needs: { store: Store }) => Promise<void>): Promise<void> => {
  const store = await startMemoryStore();
  try {
    await body({ store: store.instance });
  } finally {
    await store.stop();
  }
};

const logsIn = (auth: Auth, login: { id: string; secret: string }): Promise<boolean> =>
  auth.token(login).then(
    () => true,
    (e: unknown) => {
      assert.ok(isMicroError(e) && e.code === 400, String(e));
      return false;
    },
  );

const shownSecret = (auth: Running): string => {
  const [notice, more] = auth.notices?.() ?? [];
  assert.is(more, undefined);
  assert.is(notice?.name, 'admin');
  const [, secret = ''] = /^account admin, secret (\S+) \(shown only now: /.exec(notice?.text ?? '') ?? [];
  assert.match(secret, /^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
  return secret;
};

test('on the first start the admin gets a secret of its own, shown once and good for ever', () =>
  withStore(async (needs) => {
    const secret = await withAuth(needs, { exposed: true }, async (auth) => {
      const shown = shownSecret(auth);
      assert.equal(auth.notices?.(), []);
      assert.is(await logsIn(auth, known), false);
      assert.is(await logsIn(auth, { id: 'admin', secret: shown }), true);
      return shown;
    });
    await withAuth(needs, { exposed: true }, async (auth) => {
      assert.equal(auth.notices?.(), []);
      assert.is(await logsIn(auth, { id: 'admin', secret }), true);
    });
    // Back on loopback nothing changes: there is a user.
    await withAuth(needs, {}, async (auth) => assert.is(await logsIn(auth, known), false));
  }));

test('each server has another one', () =>
  withStore(async (first) => {
    await withStore(async (second) => {
      const secrets = [
        await withAuth(first, { exposed: true }, shownSecret),
        await withAuth(second, { exposed: true }, shownSecret),
      ];
      assert.is(new Set(secrets).size, 2);
    });
  }));

test('an account whose secret nobody saw goes again, so that the next start can show one', () =>
  withStore(async (needs) => {
    await withAuth(needs, { exposed: true }, () => undefined);
    await withAuth(needs, { exposed: true }, shownSecret);
  }));

test('a given secret is used and not shown', () =>
  withStore((needs) =>
    withAuth(needs, { exposed: true, admin_secret: 'given' }, async (auth) => {
      assert.equal(auth.notices?.(), []);
      assert.is(await logsIn(auth, { id: 'admin', secret: 'given' }), true);
    }),
  ));

test('without an admin there is none', () =>
  withStore((needs) =>
    withAuth(needs, { exposed: true, disable_admin: true }, async (auth) => {
      assert.equal(auth.notices?.(), []);
      assert.equal(await auth.accounts(), []);
    }),
  ));

const refused: readonly (readonly [
  what: string,
  before: (auth: Auth) => Promise<unknown>,
  config: Config,
  message: RegExp,
])[] = [
  [
    'the login of a server on loopback',
    (auth) => auth.token(known),
    {},
    /^a listener is off loopback, and the account admin still has the secret micro$/,
  ],
  [
    'the same, the secret given at creation',
    (auth) => auth.generate({ id: 'admin', secret: 'micro' }),
    { disable_admin: true },
    /still has the secret micro$/,
  ],
  [
    'another account called admin',
    (auth) => auth.generate({ id: 'boss', name: 'admin', secret: 'micro' }),
    { disable_admin: true },
    /still has the secret micro$/,
  ],
  [
    'MICRO_AUTH_ADMIN_SECRET=micro',
    async () => undefined,
    { admin_secret: 'micro' },
    /^the secret in MICRO_AUTH_ADMIN_SECRET is micro, and a listener is off loopback$/,
  ],
];
for (const [what, before, config, message] of refused)
  test(`${what}: the start off loopback is refused`, () =>
    withStore(async (needs) => {
      await withAuth(needs, config, before);
      const error = await withAuth(needs, { ...config, exposed: true }, () => undefined).catch((e: unknown) => e);
      assert.instance(error, ExitError);
      assert.match((error as ExitError).message, message);
      assert.ok((error as ExitError).hint);
    }));

test('a changed secret lets it start', () =>
  withStore(async (needs) => {
    await withAuth(needs, {}, (auth) => auth.changeSecret('admin', { oldSecret: 'micro', newSecret: 'better' }));
    await withAuth(needs, { exposed: true }, async (auth) => {
      assert.equal(auth.notices?.(), []);
      assert.is(await logsIn(auth, { id: 'admin', secret: 'better' }), true);
    });
  }));

test('while it is exposed nobody can bring admin and micro back', () =>
  withStore((needs) =>
    withAuth(needs, { exposed: true }, async (auth) => {
      const secret = shownSecret(auth);
      const attempts = [
        () => auth.changeSecret('admin', { oldSecret: secret, newSecret: 'micro' }),
        () => auth.generate({ id: 'boss', name: 'admin', secret: 'micro' }),
      ];
      for (const attempt of attempts) {
        const error = await attempt().then(
          () => undefined,
          (e: unknown) => e,
        );
        assert.ok(isMicroError(error) && error.code === 400, String(error));
      }
      // Others may have that secret, and the admin of another namespace: neither is the login everybody knows.
      await auth.generate({ id: 'ann', secret: 'micro' });
      await auth.generate({ id: 'admin', secret: 'micro' }, { namespace: 'other' });
      // Without any user left the known login does not come back either.
      for (const id of ['ann', 'admin']) await auth.deleteAccount(id);
      assert.is(await logsIn(auth, known), false);
      assert.equal(await auth.accounts(), []);
    }),
  ));

test.run();
