/** Settings: who wins, what is refused and how it is named, what is masked. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { capability } from '../contract/capability.ts';
import { ExitError } from '../contract/error.ts';
import { fields } from '../contract/field.ts';
import { defineDriver } from '../contract/plugin.ts';
import { createSettings, type SettingLayers, type SettingsOptions } from './settings.ts';

const test = suite('host: settings');

const config = fields({
  file: { type: 'string', doc: 'File', default: 'store.db', env: 'MICRO_STORE_FILE' },
  timeout: { type: 'duration', doc: 'Timeout', default: 5_000 },
  nodes: { type: 'string', list: true, doc: 'Nodes', env: 'MICRO_STORE_NODES' },
  size: { type: 'int64', doc: 'Size', env: 'MICRO_STORE_SIZE' },
  key: { type: 'int32', doc: 'Key', secret: true, env: 'MICRO_STORE_KEY' },
  labels: { type: 'json', doc: 'Labels' },
});
const plugin = defineDriver({
  id: 'drivers/store/x',
  summary: 's',
  provides: capability('store'),
  config,
  load: async () => {
    throw new Error('not loaded');
  },
});

const open = (o: Partial<SettingsOptions> = {}) =>
  createSettings({ env: {}, plugins: [plugin], fileName: '/c.json', ...o });
const values = (o: Partial<SettingsOptions> = {}, layers?: SettingLayers) => open(o).values(plugin, layers);
const file = (settings: unknown) => ({ readFile: () => ({ 'drivers/store/x': settings }) });

const failsWith = (run: () => unknown, message: string | RegExp, hint?: string): void => {
  try {
    run();
  } catch (e) {
    assert.instance(e, ExitError);
    if (typeof message === 'string') assert.is((e as ExitError).message, message);
    else assert.match((e as ExitError).message, message);
    if (hint !== undefined) assert.is((e as ExitError).hint, hint);
    return;
  }
  assert.unreachable('it was accepted');
};

test('without anything, defaults count and lists are empty', () =>
  assert.equal(values(), { file: 'store.db', timeout: 5_000, nodes: [] }));

test('flag, variable, file, profile, default: the first that is there wins', () => {
  const env = { MICRO_STORE_FILE: 'env' };
  const flags = new Map([['MICRO_STORE_FILE', 'flag']]);
  const profile = { profile: { file: 'profile' } };
  assert.is(values({ env, flags, ...file({ file: 'file' }) }, { ...profile, given: { file: 'given' } }).file, 'given');
  assert.is(values({ env, flags, ...file({ file: 'file' }) }, profile).file, 'flag');
  assert.is(values({ env, ...file({ file: 'file' }) }, profile).file, 'env');
  assert.is(values(file({ file: 'file' }), profile).file, 'file');
  assert.is(values({}, profile).file, 'profile');
});

test('an empty variable counts as not set', () =>
  assert.is(values({ env: { MICRO_STORE_FILE: '' } }).file, 'store.db'));

test('values are typed wherever they come from', () => {
  assert.is(values({ env: { MICRO_STORE_SIZE: '9007199254740993' } }).size, 9007199254740993n);
  assert.is(values(file({ timeout: '1m' })).timeout, 60_000);
  assert.is(values(file({ size: 5 })).size, 5n);
  assert.equal(values(file({ nodes: ['a,b', 'c'] })).nodes, ['a,b', 'c']);
  assert.equal(values(file({ labels: { a: [1] } })).labels, { a: [1] });
  assert.is(values(file({ file: null })).file, 'store.db');
});

test('only a variable is split at commas', () =>
  assert.equal(values({ env: { MICRO_STORE_NODES: 'a, b' } }).nodes, ['a', 'b']));

test('a value that does not fit names where it stands', () => {
  failsWith(
    () => values({ env: { MICRO_STORE_SIZE: 'x' } }),
    /^could not parse "x" as int64 value for MICRO_STORE_SIZE: /,
  );
  failsWith(
    () => values(file({ timeout: 'soon' })),
    /^could not parse "soon" as duration value for \/c\.json: plugins\.drivers\/store\/x\.timeout: /,
  );
});

test('a secret is masked in errors and explanations', () => {
  failsWith(
    () => values({ env: { MICRO_STORE_KEY: 'hunter2' } }),
    'could not parse "***" as int32 value for MICRO_STORE_KEY',
  );
  const shown = open({ env: { MICRO_STORE_KEY: '42' } }).explain(plugin);
  assert.equal(
    shown.find((s) => s.name === 'key'),
    { name: 'key', value: '***', origin: 'env', doc: 'Key' },
  );
});

test('explanations say where each value comes from', () => {
  const shown = open({ env: { MICRO_STORE_FILE: 'e' }, ...file({ timeout: '2s' }) }).explain(plugin);
  assert.equal(
    shown.map((s) => [s.name, s.value, s.origin]),
    [
      ['file', 'e', 'env'],
      ['timeout', '2s', 'file'],
      ['nodes', '', 'unset'],
      ['size', '', 'unset'],
      ['key', '', 'unset'],
      ['labels', '', 'unset'],
    ],
  );
  assert.is(open().explain(plugin)[1]?.value, '5s');
});

test('unknown ids and keys of the file suggest the nearest', () => {
  failsWith(
    () => values({ readFile: () => ({ 'drivers/store/y': {} }) }),
    'unknown key /c.json: plugins.drivers/store/y',
    'did you mean drivers/store/x?',
  );
  failsWith(
    () => values(file({ fiel: 'a' })),
    'unknown key /c.json: plugins.drivers/store/x.fiel',
    'did you mean file?',
  );
  failsWith(() => values(file({ constructor: 'a' })), 'unknown key /c.json: plugins.drivers/store/x.constructor');
});

test('what is no object where one belongs is refused', () => {
  for (const value of [[], 'text', 5]) {
    failsWith(() => values({ readFile: () => value }), '/c.json: plugins is not a JSON object');
    failsWith(() => values(file(value)), '/c.json: plugins.drivers/store/x is not a JSON object');
  }
});

test('the file is read once, and only when a setting is asked for', () => {
  let reads = 0;
  const settings = open({
    readFile: () => {
      reads += 1;
      return undefined;
    },
  });
  settings.variable('MICRO_X');
  assert.is(reads, 0);
  settings.values(plugin);
  settings.values(plugin);
  assert.is(reads, 1);
});

test('a required setting that is missing says how to set it', () => {
  const needy = {
    id: 'services/y',
    config: fields({ token: { type: 'string', doc: 'T', required: true, env: 'MICRO_Y_TOKEN' } }),
  } as const;
  failsWith(() => open().values(needy), 'services/y needs the setting token', 'set MICRO_Y_TOKEN');
});

test.run();
