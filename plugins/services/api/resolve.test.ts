/** Paths to endpoints: the table of wire.md 6.3, and what is refused. */

import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { resolvePath } from './resolve.ts';

const test = suite('resolvePath');

for (const [path, service, endpoint] of [
  ['/foo', 'foo', 'Foo.Call'],
  ['/foo/bar', 'foo', 'Foo.Bar'],
  ['/foo/bar/baz', 'foo', 'Bar.Baz'],
  ['/foo/Bar/Baz', 'foo', 'Bar.Baz'],
  ['/foo-bar', 'foo-bar', 'FooBar.Call'],
  ['/foo/baz-xyz', 'foo', 'Foo.BazXyz'],
  ['/foo_bar/a_b', 'foo_bar', 'Foo_bar.A_b'],
  ['/v1/foo/bar', 'v1.foo', 'Foo.Bar'],
  ['/v1/foo/bar/baz', 'v1.foo', 'Bar.Baz'],
  ['/a/b/c/d', 'a.b', 'C.D'],
  ['/a/b/c/d/e', 'a.b.c', 'D.E'],
  ['/v1/foo', 'v1', 'V1.Foo'],
  ['/foo/registry.Registry/bar', 'refused', ''],
] as const)
  test(`${path} is ${service} ${endpoint}`, () => {
    if (service === 'refused') assert.throws(() => resolvePath(path), /malformed endpoint/);
    else assert.equal(resolvePath(path), { service, endpoint });
  });

for (const path of [
  '//foo',
  '/foo//bar',
  '/foo/',
  '/foo/../bar',
  '/./foo',
  '/foo/%2e%2e/bar',
  '/fo o',
  '/foo\u0000',
  '/foo;x',
  '/-foo',
  '/a..b',
  '*',
  '/foo\\bar',
  '/föö',
])
  test(`refuses ${JSON.stringify(path)}`, () => assert.throws(() => resolvePath(path), /malformed/));

test.run();
