/** Paths: what is read, what is refused, and that building and reading agree. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { suite } from '../../test/support/suite.ts';
import { buildPath, goQuote, malformedPath, parsePath } from './path.ts';

const test = suite('rpc paths');

for (const c of [
  { path: '/helloworld.Helloworld/Call', service: 'helloworld', endpoint: 'Helloworld.Call' },
  { path: '/v1.foo.Foo/Bar', service: 'v1.foo', endpoint: 'Foo.Bar' },
  { path: '/my-svc.Say/Hello', service: 'my-svc', endpoint: 'Say.Hello' },
  { path: '/Foo/Bar', service: '', endpoint: 'Foo.Bar' },
  { path: '/.Foo/Bar', service: '', endpoint: 'Foo.Bar' },
])
  test(`reads ${c.path}`, () => {
    const parsed = parsePath(c.path);
    assert.equal(parsed?.service, c.service);
    assert.equal(parsed?.endpoint, c.endpoint);
  });

for (const path of [
  '',
  '/',
  '//',
  '/a',
  'a.B/C',
  '/a.B/C/',
  '/a.B/C/D',
  '//a.B/C',
  '/a.B/',
  '/a./C',
  '/a.B/C?x=1',
  '/a.B/C#x',
  '/a.B/%43',
  '/a.B/C\n',
  '/../a.B/C',
  '/a B/C',
  '/ä.B/C',
  '/a.B/C.D',
])
  test(`refuses ${JSON.stringify(path)}`, () => assert.equal(parsePath(path), undefined));

for (const c of [
  { service: 'helloworld', endpoint: 'Helloworld.Call', path: '/helloworld.Helloworld/Call' },
  { service: '', endpoint: 'Foo.Bar', path: '/Foo/Bar' },
  { service: 'a', endpoint: '/x.Y/Z', path: '/x.Y/Z' },
  { service: 'a', endpoint: 'nodots', path: 'nodots' },
  { service: 'a', endpoint: 'a.b.c', path: 'a.b.c' },
])
  test(`builds ${c.path} from ${c.service} and ${c.endpoint}`, () =>
    assert.equal(buildPath(c.service, c.endpoint), c.path));

test('what is built is read back', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_]{1,8}$/);
  const service = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,12}$/);
  fc.assert(
    fc.property(service, word, word, (name, type, method) => {
      const parsed = parsePath(buildPath(name, `${type}.${method}`));
      assert.deepEqual(parsed, { service: name, type, method, endpoint: `${type}.${method}` });
    }),
  );
});

test('no text is read in two ways: what is read can be built again', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parsePath(text);
      if (parsed !== undefined && !text.startsWith('/.'))
        assert.equal(buildPath(parsed.service, parsed.endpoint), text);
    }),
  );
});

for (const c of [
  { text: 'a', want: '"a"' },
  { text: 'a"b\\c', want: '"a\\"b\\\\c"' },
  { text: 'tab\there\n', want: '"tab\\there\\n"' },
  { text: 'é日', want: '"é日"' },
  { text: '\x00\x7f\u200b', want: '"\\x00\\x7f\\u200b"' },
])
  test(`quotes as Go does: ${c.want}`, () => assert.equal(goQuote(c.text), c.want));

test('words a refused path as v3 does', () => assert.equal(malformedPath('nope'), 'malformed method name: "nope"'));

test.run();
