/** Tests of logout: what it forgets, and that it needs neither a login nor a server. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import type { Output } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { isLoggedOut, readLogin, saveLogin } from '../../../internal/home/login.ts';
import { placeOf } from '../../../internal/home/place.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { run } from './logout.ts';
import type { config } from './plugin.ts';

const test = suite('commands/logout');
const home = mkdtempSync(join(tmpdir(), 'micro-test-'));
const oldHome = process.env.HOME;
test.before(() => {
  process.env.HOME = home;
});
test.each(() => rmSync(join(home, '.micro'), { recursive: true, force: true }));
test.after(() => {
  process.env.HOME = oldHome;
  rmSync(home, { recursive: true, force: true });
});

// It prints nothing: an output without methods would fail at the first use.
const call: Call = { args: [], flags: {}, given: new Set(), rest: [], raw: [], out: {} as Output };
const logout = (env?: string): Promise<void> => {
  const ctx: PluginContext<typeof config> = {
    config: { env },
    needs: {},
    log: silentLog,
    signal: new AbortController().signal,
    dataDir: home,
    now: Date.now,
  };
  return run(call, ctx);
};
const token = { accessToken: 'a.b.c', refreshToken: 'r', created: 1, expiry: 2 };

test('works when nobody is logged in', async () => {
  await logout();
  assert.ok(isLoggedOut(openHome(), placeOf(openHome())));
});

test('forgets the login of this environment only', async () => {
  const own = openHome();
  const local = placeOf(own);
  const dev = placeOf(own, { env: 'dev' });
  await saveLogin(own, local, { id: 'bob', token });
  await saveLogin(own, dev, { id: 'bob', token });
  await logout();
  assert.is(readLogin(own, local), undefined);
  assert.is(readLogin(own, dev)?.id, 'bob');
  assert.not.ok(isLoggedOut(own, dev));
  await logout('dev');
  assert.is(readFileSync(own.tokens.file, 'utf8'), '');
});

test.run();
