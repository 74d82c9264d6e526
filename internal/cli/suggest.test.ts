/** Suggestions: near names are found, far ones are not. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { nearest } from './suggest.ts';

const test = suite('cli: suggest');

for (const [word, candidates, want] of [
  ['statsu', ['stats', 'status', 'store'], 'status'],
  ['nmae', ['msg', 'name'], 'name'],
  ['tpye', ['type', 'namespace'], 'type'],
  ['getServise', ['getService', 'listServices'], 'getService'],
  ['Status', ['status'], 'status'],
  ['helloword', ['helloworld'], 'helloworld'],
  ['xyz', ['status', 'run'], undefined],
  ['', ['a'], undefined],
  ['rn', ['run', 'env'], 'run'],
  ['a'.repeat(65), ['a'.repeat(64)], undefined],
] as const)
  test(`${word.slice(0, 12) || 'nothing'} means ${want}`, () => assert.is(nearest(word, candidates), want));

test('a name is nearest to itself, and one swap away from itself', () => {
  const word = fc.stringMatching(/^[a-z]{4,12}$/);
  fc.assert(
    fc.property(word, fc.array(word), fc.nat(), (name, others, at) => {
      assert.is(nearest(name, [name, ...others]), name);
      const i = at % (name.length - 1);
      const swapped = name.slice(0, i) + name[i + 1] + name[i] + name.slice(i + 2);
      assert.is(nearest(swapped, [name]), name);
    }),
  );
});

test.run();
