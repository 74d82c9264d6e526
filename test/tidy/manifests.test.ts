/** Manifests: the id is the path, the table is complete, what they say is well-formed and free of clashes. */

import { globSync } from 'node:fs';
import { join, sep } from 'node:path';
import * as assert from 'uvu/assert';

import { indexText } from '../../build/gen-index.ts';
import { settingFlags, slotsOf } from '../../internal/cli/global-flags.ts';
import { anyWord, verbsOf } from '../../internal/cli/verb-table.ts';
import type { FieldSpecs } from '../../internal/contract/field.ts';
import { planOf, profileOf } from '../../internal/host/plan.ts';
import { plugins } from '../../plugins/index.gen.ts';
import { suite } from '../support/suite.ts';
import { root, sourceFiles } from './source-files.ts';

const test = suite('tidy: manifests');
const folders = globSync('**/plugin.ts', { cwd: join(root, 'plugins') })
  .map((file) => file.split(sep).slice(0, -1).join('/'))
  .sort();

test('the table of plugins is what gen would write', () => {
  const table = sourceFiles().find(({ path }) => path === 'plugins/index.gen.ts');
  assert.is(table?.text, indexText(root));
});

test('the id of a plugin is its folder', () =>
  assert.equal(
    plugins.map((p) => p.id),
    folders,
  ));

test('the kind of a plugin is its top folder', () => {
  for (const { id, kind } of plugins) assert.is(id.split('/')[0], `${kind}s`, id);
});

test('a driver stands in the folder of its slot', () => {
  for (const p of plugins) if (p.kind === 'driver') assert.is(p.id.split('/')[1], folderOfSlot(p.provides.name), p.id);
});

const folderOfSlot = (slot: string): string => slot.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

test('each driver folder holds a test that calls the conformance suite of its slot', () => {
  const files = sourceFiles();
  const lacking = plugins.filter((p) => {
    if (p.kind !== 'driver') return false;
    const tests = files.filter(({ path }) => path.startsWith(`plugins/${p.id}/`) && path.endsWith('.test.ts'));
    return !tests.some(({ text }) => /test\/conformance\/[\w-]+\.ts'/.test(text));
  });
  assert.equal(
    lacking.map((p) => p.id),
    [],
  );
});

test('words of verbs are unique, and every listed verb has an example', () => {
  const verbs = verbsOf(plugins).map(({ verb }) => verb);
  const words = verbs.map((verb) => verb.words);
  assert.equal(words, [...new Set(words)]);
  assert.equal(
    verbs.filter((v) => !v.hidden && !v.examples?.length).map((v) => v.words),
    [],
  );
  assert.is(words.filter((w) => w === anyWord).length, 1);
});

test('names of flags and settings are snake_case and said in one sentence', () => {
  for (const plugin of plugins) {
    const tables: FieldSpecs[] = [plugin.config ?? {}];
    if (plugin.kind === 'command') tables.push(...plugin.verbs.map((verb) => verb.flags ?? {}));
    for (const [name, spec] of tables.flatMap((table) => Object.entries(table))) {
      assert.match(name, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, `${plugin.id}: ${name}`);
      assert.not.match(spec.doc, /\.$/, `${plugin.id}: ${name}`);
      if (spec.env !== undefined) assert.match(spec.env, /^[A-Z][A-Z0-9_]*$/, `${plugin.id}: ${name}`);
    }
  }
});

test('no setting takes the flag of a slot', () => {
  const flags = settingFlags(plugins);
  for (const slot of slotsOf(plugins)) assert.match(flags[slot]?.doc ?? '', /^Driver for /, slot);
});

test('every profile that starts something has a plan', () => {
  for (const p of plugins) {
    if (p.kind !== 'profile') continue;
    const steps = planOf(p.start, { plugins, bind: p.bind, profile: p.id }).steps;
    assert.equal(
      p.start.filter((id) => !steps.some((step) => step.id === id)),
      [],
    );
  }
  assert.is(profileOf('local', plugins).id, 'profiles/server');
});

test.run();
