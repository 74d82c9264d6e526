/** Tests of the namespace rules (cli.md 4.5, 7): the list, the current one, and what is refused with v3's texts. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { openHome } from './home.ts';
import * as namespaces from './namespaces.ts';

const test = suite('namespaces');
let dir = '';
test.each(() => {
  rmSync(dir, { recursive: true, force: true });
  dir = mkdtempSync(join(tmpdir(), 'micro-test-'));
});
test.after(() => rmSync(dir, { recursive: true, force: true }));

const config = () => openHome({ dir }).config;
const at = (namespace: string, environment = 'local') => ({ environment, namespace });
const list = (environment = 'local') => namespaces.listNamespaces(config(), environment);
const current = (environment = 'local') => namespaces.currentNamespace(config(), environment);

test('a new environment knows micro only, and is in it', () => {
  assert.equal(list(), ['micro']);
  assert.is(current(), 'micro');
  assert.is(namespaces.chosenNamespace(config(), 'local'), '');
});

test('adding twice is adding once, per environment', async () => {
  await namespaces.addNamespace(config(), at('one'));
  await namespaces.addNamespace(config(), at('two'));
  await namespaces.addNamespace(config(), at('one'));
  await namespaces.addNamespace(config(), at('micro'));
  assert.equal(list(), ['micro', 'one', 'two']);
  assert.is(config().get('namespaces.local.all'), 'one,two');
  assert.equal(list('dev'), ['micro']);
});

test('only a listed one can be set', async () => {
  await namespaces.addNamespace(config(), at('one'));
  await namespaces.setNamespace(config(), at('one'));
  assert.is(current(), 'one');
  await namespaces.setNamespace(config(), at('micro'));
  assert.is(current(), 'micro');
});

test('removing the current one goes back to micro', async () => {
  await namespaces.addNamespace(config(), at('one'));
  await namespaces.setNamespace(config(), at('one'));
  await namespaces.removeNamespace(config(), at('one'));
  assert.equal(list(), ['micro']);
  assert.is(current(), 'micro');
});

test('the short way chooses what is on no list, and it can be removed', async () => {
  await namespaces.chooseNamespace(config(), at('wild'));
  assert.is(current(), 'wild');
  assert.equal(list(), ['micro']);
  await namespaces.removeNamespace(config(), at('wild'));
  assert.is(current(), 'micro');
  await namespaces.chooseNamespace(config(), { ...at('kept'), add: true });
  assert.equal(list(), ['micro', 'kept']);
});

test('reads a list that was written by hand', async () => {
  await config().set({ 'namespaces.local.all': ',a, b,,a,micro' });
  assert.equal(list(), ['micro', 'a', 'b']);
});

const { addNamespace, removeNamespace, setNamespace, chooseNamespace } = namespaces;
for (const { what, call, text } of [
  { what: 'add without an environment', call: () => addNamespace(config(), at('x', '')), text: 'Missing env value' },
  { what: 'add without a name', call: () => addNamespace(config(), at('')), text: 'Missing namespace value' },
  {
    what: 'remove without an environment',
    call: () => removeNamespace(config(), at('x', '')),
    text: 'Missing env value',
  },
  { what: 'remove without a name', call: () => removeNamespace(config(), at('')), text: 'Missing namespace value' },
  { what: 'set without an environment', call: () => setNamespace(config(), at('x', '')), text: 'Missing env value' },
  { what: 'set without a name', call: () => setNamespace(config(), at('')), text: 'Missing namespace value' },
  { what: 'list without an environment', call: async () => list(''), text: 'Missing env value' },
  { what: 'get without an environment', call: async () => current(''), text: 'Missing env value' },
  { what: 'set an unknown one', call: () => setNamespace(config(), at('x')), text: 'Namespace does not exists' },
  { what: 'remove an unknown one', call: () => removeNamespace(config(), at('x')), text: 'Namespace does not exists' },
  {
    what: 'remove the default one',
    call: () => removeNamespace(config(), at('micro')),
    text: 'Cannot remove the default namespace',
  },
  { what: 'add two in one', call: () => addNamespace(config(), at('a,b')), text: 'bad namespace name: "a,b"' },
  { what: 'choose a path', call: () => chooseNamespace(config(), at('a/b')), text: 'bad namespace name: "a/b"' },
])
  test(`refuses to ${what}`, async () => {
    const error = await call().catch((e: unknown) => e);
    assert.instance(error, ExitError);
    assert.is((error as ExitError).message, text);
    assert.is((error as ExitError).exitCode, 128);
  });

test.run();
