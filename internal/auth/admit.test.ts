/** Tests of admitTo: who passes each need, which namespace is meant, and in which words the others are refused (wire.md 8.2, 8.3). */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account } from '../contract/auth.ts';
import { isMicroError } from '../contract/error.ts';
import { admitTo } from './admit.ts';
import { accessTo } from './core-access.ts';

const test = suite('admit');

const account = (type: string, issuer: string, scopes: readonly string[] = []): Account => ({
  id: 'x',
  name: 'x',
  type,
  issuer,
  scopes,
  metadata: {},
});
const admin = account('user', 'micro', ['admin']);
const fooAdmin = account('user', 'foo', ['admin']);
const fooUser = account('user', 'foo');
const fooService = account('service', 'foo', ['service']);

const outcome = (work: () => { readonly namespace: string }): string => {
  try {
    return work().namespace;
  } catch (e) {
    if (!isMicroError(e)) throw e;
    return `${e.code} ${e.id}: ${e.detail}`;
  }
};

const store = admitTo('store');
const runtime = admitTo('runtime');
const auth = admitTo('auth');

const ofFoo = { options: { namespace: 'foo' } };
const call = (who: Account | undefined, namespace = 'micro') => ({ account: who, namespace });
for (const c of [
  {
    name: 'the namespace is named by the request',
    got: () => store('Store.Read', { options: { database: 'foo' } }, call(fooAdmin)),
    want: 'foo',
  },
  { name: 'else it is micro', got: () => store('Store.Read', { options: null }, call(admin, 'foo')), want: 'micro' },
  {
    name: 'the header is no substitute for it',
    got: () => store('Store.Read', {}, call(fooAdmin, 'foo')),
    want: '403 store.Store.Read: access denied to namespace',
  },
  {
    name: 'except where blobs and new accounts are concerned',
    got: () => store('BlobStore.List', { options: null }, call(fooAdmin, 'foo')),
    want: 'foo',
  },
  {
    name: 'v3 calls blobs by a shorter name',
    got: () => store('BlobStore.List', {}, call(fooUser, 'foo')),
    want: '401 store.Blob.List: Unauthorized',
  },
  {
    name: 'an upload goes to the own namespace',
    got: () => runtime('Source.Upload', { service: { metadata: {} } }, call(fooService)),
    want: 'foo',
  },
  {
    name: 'or to the one in its metadata',
    got: () => runtime('Source.Upload', { service: { metadata: { namespace: 'bar' } } }, call(fooService)),
    want: '403 runtime.Source.Upload: access denied to namespace',
  },
  {
    name: 'an upload without a service is about the own namespace',
    got: () => runtime('Source.Upload', { service: null }, call(fooUser)),
    want: '401 runtime.Source.Upload: Unauthorized',
  },
  {
    name: 'a field that is no own one names nothing',
    got: () => runtime('Source.Upload', { service: Object.create({ metadata: { namespace: 'bar' } }) }, call(admin)),
    want: 'micro',
  },
  {
    name: 'any user of the namespace lists rules',
    got: () => auth('Rules.List', ofFoo, call(fooUser)),
    want: 'foo',
  },
  {
    name: 'only admins make them',
    got: () => auth('Rules.Create', ofFoo, call(fooUser)),
    want: '401 auth.Rules.Create: Unauthorized',
  },
  {
    name: 'an admin of another namespace is none here',
    got: () => auth('Rules.Create', { options: { namespace: 'bar' } }, call(fooAdmin)),
    want: '403 auth.Rules.Create: access denied to namespace',
  },
  {
    name: 'databases are for the platform',
    got: () => store('Store.Databases', {}, call(fooAdmin)),
    want: '403 store.Store.Databases: access denied to namespace',
  },
  { name: 'and its admins', got: () => store('Store.Databases', {}, call(admin)), want: 'micro' },
  {
    name: 'any account asks for builds',
    got: () => runtime('Build.Read', {}, call(account('customer', 'bar'))),
    want: 'micro',
  },
  {
    name: 'but no stranger',
    got: () => runtime('Build.Read', {}, call(undefined)),
    want: '401 runtime.Build.Read: An account is required to read builds',
  },
  {
    name: 'a stranger is told that an account is required',
    got: () => store('Store.List', {}, call(undefined)),
    want: '401 store.Store.List: an account is required',
  },
  {
    name: 'or what v3 says there',
    got: () => auth('Accounts.Delete', {}, call(undefined)),
    want: '401 auth.Accounts.Delete: Unauthorized',
  },
])
  test(c.name, () => assert.is(outcome(c.got), c.want));

for (const c of [
  { service: 'auth', endpoint: 'Rules.List', want: 'any' },
  { service: 'store', endpoint: 'Debug.Health', want: 'none' },
  { service: 'proxy', endpoint: 'Debug.Log', want: 'none' },
  { service: 'store', endpoint: 'Rules.List', want: undefined },
  { service: 'store', endpoint: 'constructor', want: undefined },
  { service: 'helloworld', endpoint: 'Debug.Health', want: undefined },
  { service: 'toString', endpoint: 'Debug.Health', want: undefined },
])
  test(`${c.service} ${c.endpoint} needs ${c.want ?? 'nothing that is known here'}`, () =>
    assert.is(accessTo(c.service, c.endpoint)?.need, c.want));

test.run();
