/** What the registry holds of plain gRPC servers, and the paths they are called with. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { endpointAt, foreignMetadata, fullNamesAt, isForeign, pathAt, typesOf } from './foreign-node.ts';
import { parsePath } from './path.ts';

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
});

test('one method has one name for rules, whichever path leads to it', () => {
  const endpoint = (path: string, node: typeof foreign | typeof own = foreign): string | undefined => {
    const parsed = parsePath(path);
    return parsed && endpointAt(node, parsed);
  };
  assert.is(endpoint('/name.AV1Echo/Say'), 'AV1Echo.Say');
  assert.is(endpoint('/a.v1.Echo/Say'), 'AV1Echo.Say');
  assert.is(endpoint('/a.v2.Echo/Say'), 'AV2Echo.Say');
  assert.is(endpoint('/helloworld.Greeter/Say'), 'Greeter.Say');
  assert.is(endpoint('/x.Greeter/Say'), 'Greeter.Say');
  assert.is(endpoint('/a.v1.Echo/Say', own), 'Echo.Say');
});

test('what a path is authorised as is what the node is called with', () => {
  const parts = ['a', 'v1', 'v2', 'Echo', 'AV1Echo', 'AV2Echo', 'Greeter', 'helloworld', 'Bare', 'x'];
  const segment = fc.array(fc.constantFrom(...parts), { minLength: 2, maxLength: 4 }).map((all) => all.join('.'));
  fc.assert(
    fc.property(segment, (first) => {
      const path = parsePath(`/${first}/Say`);
      if (path === undefined) return;
      const endpoint = endpointAt(foreign, path);
      const dispatched = pathAt(foreign, `/name.${endpoint.replace('.', '/')}`);
      const meant = [...typesOf(names)].find(([type]) => `${type}.Say` === endpoint);
      assert.is(dispatched, meant === undefined ? `/name.${endpoint.replace('.', '/')}` : `/${meant[1]}/Say`);
    }),
    { numRuns: 2_000 },
  );
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
