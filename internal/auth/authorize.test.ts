/** Tests of authorize and authorizeAdmin: who may act where (wire.md 8.2). */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account } from '../contract/auth.ts';
import { isMicroError } from '../contract/error.ts';
import { authorize, authorizeAdmin } from './authorize.ts';

const test = suite('authorize');

const account = (type: string, issuer: string, scopes: readonly string[]): Account => ({
  id: 'x',
  type,
  issuer,
  metadata: {},
  scopes,
  name: 'x',
});

const outcome = (work: () => unknown): string => {
  try {
    work();
    return 'ok';
  } catch (e) {
    if (!isMicroError(e)) throw e;
    assert.is(e.id, 'store.Store.Read');
    return `${e.code} ${e.detail}`;
  }
};

const denied = '403 access denied to namespace';
for (const c of [
  { who: undefined, namespace: 'micro', any: '401 an account is required', admin: '401 an account is required' },
  { who: undefined, namespace: '', any: '401 an account is required', admin: '401 an account is required' },
  { who: account('user', 'micro', ['admin']), namespace: 'foo', any: 'ok', admin: 'ok' },
  { who: account('service', 'micro', ['service']), namespace: 'foo', any: 'ok', admin: 'ok' },
  { who: account('user', 'micro', []), namespace: 'foo', any: denied, admin: denied },
  { who: account('user', 'micro', ['service']), namespace: 'foo', any: denied, admin: denied },
  { who: account('user', 'micro', []), namespace: 'micro', any: 'ok', admin: '401 Unauthorized' },
  { who: account('user', 'micro', []), namespace: '', any: 'ok', admin: '401 Unauthorized' },
  { who: account('user', 'foo', []), namespace: '', any: denied, admin: denied },
  { who: account('user', 'foo', ['admin']), namespace: 'foo', any: 'ok', admin: 'ok' },
  { who: account('user', 'foo', ['admin']), namespace: 'micro', any: denied, admin: denied },
  { who: account('service', 'foo', ['service']), namespace: 'foo', any: 'ok', admin: 'ok' },
  { who: account('service', 'foo', ['admin']), namespace: 'foo', any: 'ok', admin: '401 Unauthorized' },
  { who: account('customer', 'foo', ['admin']), namespace: 'foo', any: denied, admin: denied },
])
  test(`${c.who?.type ?? 'nobody'} of ${c.who?.issuer ?? '-'} [${c.who?.scopes ?? ''}] in "${c.namespace}"`, () => {
    assert.is(
      outcome(() => authorize(c.who, c.namespace, 'store.Store.Read')),
      c.any,
    );
    assert.is(
      outcome(() => authorizeAdmin(c.who, c.namespace, 'store.Store.Read')),
      c.admin,
    );
  });

test.run();
