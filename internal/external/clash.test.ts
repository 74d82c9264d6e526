/** What a third-party plugin may not take from another one. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { defineCommand, type Plugin, type PluginId, verb } from '../contract/plugin.ts';
import { clashOf } from './clash.ts';

const test = suite('external: clash');
const load = async () => ({ run: async () => {} });
const command = (id: PluginId, ...words: readonly string[]): Plugin =>
  defineCommand({ id, summary: '', verbs: words.map((w) => verb({ words: w, summary: '', load })) });

const own = { plugin: command('commands/own', 'own', 'own do'), origin: 'folder own' };
const others = (plugin: Plugin) => [{ plugin, origin: 'builtin' }];

test('words of its own are fine', () =>
  assert.is(clashOf(own, others(command('commands/x', 'owner', 'x own'))), undefined));
test('one id is a clash', () =>
  assert.is(
    clashOf(own, others(command('commands/own', 'x'))),
    'commands/own (folder own) and commands/own (builtin) have the same id',
  ));
test('one first word is a clash, whatever follows', () =>
  assert.is(
    clashOf(own, others(command('commands/x', 'y', 'own other'))),
    'commands/own (folder own) and commands/x (builtin) both have the command own',
  ));
for (const word of ['help', 'h'])
  test(`${word} is taken`, () =>
    assert.match(
      clashOf({ plugin: command('commands/x', `${word} me`), origin: 'folder x' }, []) ?? '',
      /micro's own$/,
    ));

test.run();
