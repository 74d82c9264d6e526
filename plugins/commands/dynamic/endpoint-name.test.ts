/** Command words and endpoint names, both ways. */

import assert from 'node:assert/strict';

import { suite } from '../../../test/support/suite.ts';

import { commandWords, endpointNames, titleWords } from './endpoint-name.ts';

const test = suite('endpoint names');

for (const [text, want] of [
  ['getService', 'GetService'],
  ['foo-bar', 'Foo-Bar'],
  ['foo_bar', 'Foo_bar'],
  ['CALL', 'CALL'],
  ['v1.foo', 'V1.Foo'],
  ['2fa', '2fa'],
  ['élan', 'Élan'],
  ['', ''],
] as const)
  test(`raises ${JSON.stringify(text)} to ${want}`, () => assert.equal(titleWords(text), want));

for (const [words, want] of [
  ['helloworld', 'Helloworld.Call'],
  ['helloworld call', 'Helloworld.Call'],
  ['registry getService', 'Registry.GetService'],
  ['helloworld helloworld call', 'Helloworld.Call'],
  ['events stream publish', 'Stream.Publish'],
  ['foo-bar call', 'Foo-Bar.Call FooBar.Call'],
  ['foo-bar fooBar call', 'FooBar.Call'],
  ['a b c d', ''],
  ['', ''],
] as const)
  test(`takes '${words}' for ${want || 'nothing'}`, () =>
    assert.equal(endpointNames(words === '' ? [] : words.split(' ')).join(' '), want));

for (const [service, endpoint, want] of [
  ['registry', 'Registry.GetService', 'getService'],
  ['events', 'Store.Read', 'store read'],
  ['helloworld', 'Helloworld.Call', 'call'],
  ['foo-bar', 'FooBar.Call', 'call'],
  ['foo-bar', 'Greeter.Call', 'greeter call'],
  ['a', 'Func', 'func'],
] as const)
  test(`calls ${endpoint} of ${service} '${want}'`, () => assert.equal(commandWords(service, endpoint), want));

test.run();
