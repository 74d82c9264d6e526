/** The builder suite fails on builders that are broken on purpose. */

import * as assert from 'uvu/assert';

import type { Builder } from '../../internal/contract/builder.ts';
import { create } from '../../plugins/drivers/builder/command/command-builder.ts';
import { suite } from '../support/suite.ts';
import { builderCases } from './builder.ts';

const test = suite('builder conformance, broken on purpose');
const cases = builderCases({ open: create, good: { service: { text: '#!/bin/sh\n', mode: 0o755 } } });
const sound = create();

const broken: Readonly<Record<string, { builder: Builder; fails: string }>> = {
  'recognises everything': {
    builder: { ...sound, detect: async () => true },
    fails: 'does not recognise an empty folder',
  },
  'recognises nothing': {
    builder: { ...sound, detect: async () => false },
    fails: 'recognises its own kind of folder',
  },
  'leaves orphans': {
    builder: { ...sound, build: async (r) => ({ ...(await sound.build(r)), endsWithParent: false }) },
    fails: 'says how to start the service',
  },
  'starts a relative command': {
    builder: { ...sound, build: async (r) => ({ ...(await sound.build(r)), command: 'node' }) },
    fails: 'says how to start the service',
  },
  'builds what is not there': {
    builder: {
      ...sound,
      build: async (r) => ({ command: '/bin/true', args: [], cwd: r.folder, env: {}, endsWithParent: true }),
    },
    fails: 'refuses a folder that is not its own with a reason',
  },
};

for (const [name, { builder, fails }] of Object.entries(broken)) {
  test(`a builder that ${name} fails "${fails}"`, async () => {
    let failed = false;
    await cases[fails]!(builder).catch(() => {
      failed = true;
    });
    assert.ok(failed);
  });
}

test('the sound one passes', async () => {
  for (const body of Object.values(cases)) await body(sound);
});

test.run();
