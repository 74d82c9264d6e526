/** Whether a gateway may open off loopback, by what the auth in use says to the login everybody knows. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Auth, Token, TokenRequest } from '../contract/auth.ts';
import { auth as authSlot } from '../contract/auth.ts';
import { badRequest, ExitError, internal, microError, timeout, unauthorized, unavailable } from '../contract/error.ts';
import { fields } from '../contract/field.ts';
import type { Host, PluginState } from '../contract/host.ts';
import { defineDriver } from '../contract/plugin.ts';
import { refuseKnownAdmin } from './known-admin.ts';

const test = suite('auth: known admin');

const load = () => Promise.reject(new Error('loads nothing'));
const exposed = fields({ exposed: { type: 'bool', doc: 'A listener is off loopback', default: false } });
const told = defineDriver<Auth, typeof exposed>({
  id: 'drivers/auth/told',
  summary: 'Is told',
  provides: authSlot,
  config: exposed,
  load,
});
const untold = defineDriver<Auth>({ id: 'drivers/auth/untold', summary: 'Is not told', provides: authSlot, load });

const hostWith = (started: readonly string[]): Pick<Host, 'manifests' | 'states'> => ({
  manifests: () => [told, untold],
  states: () =>
    [told, untold].map(
      ({ id, kind }): PluginState => ({
        id,
        kind,
        state: started.includes(id) ? 'started' : 'idle',
        loadMs: undefined,
      }),
    ),
});

const ask = async (answer: () => Promise<Token>, started: readonly string[] = [untold.id]) => {
  const asked: TokenRequest[] = [];
  const token: Auth['token'] = (request) => {
    asked.push(request);
    return answer();
  };
  const error = await refuseKnownAdmin({ auth: { token }, host: hostWith(started), address: '0.0.0.0:8081' }).then(
    () => undefined,
    (e: unknown) => e,
  );
  return { asked, error };
};

const works = async (): Promise<Token> => ({ accessToken: 't', refreshToken: 't', created: 0, expiry: 0 });

test('the login that works is refused, with the way out', async () => {
  const { asked, error } = await ask(works);
  assert.equal(asked, [{ id: 'admin', secret: 'micro' }]);
  assert.instance(error, ExitError);
  const { message, hint, exitCode } = error as ExitError;
  assert.is(message, '0.0.0.0:8081 is off loopback, and the account admin still has the secret micro');
  assert.match(hint ?? '', /micro login and micro user set password/);
  assert.is(exitCode, 1);
});

for (const no of [
  badRequest('auth', 'Secret not correct'),
  unauthorized('auth', 'no'),
  microError(404, 'auth', 'none'),
])
  test(`${no.code} ${no.detail}: it may open`, async () => {
    assert.is((await ask(() => Promise.reject(no))).error, undefined);
  });

const unsure = [
  microError(429, 'auth', 'too many'),
  timeout('auth', 'late'),
  internal('auth', 'broken'),
  unavailable('auth', 'away'),
  new Error('odd'),
];
for (const error of unsure)
  test(`${error.message}: nobody can say, so it may not`, async () => {
    const got = (await ask(() => Promise.reject(error))).error;
    assert.instance(got, ExitError);
    assert.match((got as ExitError).message, /^cannot see whether 0\.0\.0\.0:8081 may be open to others: /);
  });

test('an auth of this process that was told of it is not asked', async () => {
  const { asked, error } = await ask(works, [told.id]);
  assert.equal(asked, []);
  assert.is(error, undefined);
});

test.run();
