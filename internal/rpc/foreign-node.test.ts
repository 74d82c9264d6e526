/** What the registry holds of plain gRPC servers, and the paths they are called with. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { foreignMetadata, fullNamesAt, isForeign, microTypeAt, pathAt, typesOf } from './foreign-node.ts';

const test = suite('rpc: foreign-node');

const names = ['a.v1.Echo', 'a.v2.Echo', 'helloworld.Greeter', 'Bare'];
const foreign = { metadata: foreignMetadata(names) };
const own = { metadata: { grpc: 'helloworld.Greeter', protocol: 'grpc' } };

test('metadata tells a foreign node and its names', () => {
  assert.is(isForeign(foreign), true);
  assert.is(isForeign(own), false);
  assert.equal(fullNamesAt(foreign), names);
  assert.equal(fullNamesAt({ metadata: { grpc: ' a.B , ,c.D' } }), ['a.B', 'c.D']);
  assert.equal(fullNamesAt({ metadata: {} }), []);
});

test('types are last parts, or all parts where those are not enough', () => {
  assert.equal([...typesOf(names)].sort(), [
    ['AV1Echo', 'a.v1.Echo'],
    ['AV2Echo', 'a.v2.Echo'],
    ['Bare', 'Bare'],
    ['Greeter', 'helloworld.Greeter'],
  ]);
  assert.is(microTypeAt(foreign, 'a.v2.Echo'), 'AV2Echo');
  assert.is(microTypeAt(foreign, 'x.Y'), 'Y');
});

for (const [path, at] of [
  ['/greeter.Greeter/Say', '/helloworld.Greeter/Say'],
  ['/my.name.AV1Echo/Say', '/a.v1.Echo/Say'],
  ['/helloworld.Greeter/Say', '/helloworld.Greeter/Say'],
  ['/greeter.Unknown/Say', '/greeter.Unknown/Say'],
  ['/greeter.Echo/Say', '/greeter.Echo/Say'],
  ['no path', 'no path'],
] as const)
  test(`calls ${path} as ${at}`, () => {
    assert.is(pathAt(foreign, path), at);
    assert.is(pathAt(own, path), path);
  });

test.run();
