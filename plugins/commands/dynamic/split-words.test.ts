/** Words into positionals and flags. */

import assert from 'node:assert/strict';

import { suite } from '../../../test/support/suite.ts';

import { splitWords } from './split-words.ts';

const test = suite('splitWords');

for (const c of [
  { line: 'helloworld call --name=Jane', positionals: ['helloworld', 'call'], flags: { name: ['Jane'] } },
  { line: 'helloworld --name John call', positionals: ['helloworld', 'call'], flags: { name: ['John'] } },
  { line: 'svc --q=a=b', positionals: ['svc'], flags: { q: ['a=b'] } },
  { line: 'svc --q a=b', positionals: ['svc'], flags: { q: ['a=b'] } },
  { line: 'svc --q=', positionals: ['svc'], flags: { q: [''] } },
  { line: 'svc --delta -5', positionals: ['svc'], flags: { delta: ['-5'] } },
  { line: 'svc --delta=-5 -5', positionals: ['svc', '-5'], flags: { delta: ['-5'] } },
  { line: 'svc --a --b x', positionals: ['svc'], flags: { a: [], b: ['x'] } },
  { line: 'svc --ss=a --ss b --ss', positionals: ['svc'], flags: { ss: ['a', 'b'] } },
  { line: 'svc call --help', positionals: ['svc', 'call'], flags: { help: [] } },
  { line: 'svc -x --', positionals: ['svc', '-x'], flags: {} },
  { line: 'svc --a -- --b', positionals: ['svc', '--b'], flags: { a: [] } },
  { line: 'svc --__proto__=1', positionals: ['svc'], flags: { ['__proto__']: ['1'] } },
])
  test(`splits ${c.line}`, () => {
    const { positionals, flags } = splitWords(c.line.split(' '));
    assert.deepEqual(positionals, c.positionals);
    assert.deepEqual([...flags], Object.entries(c.flags));
  });

test.run();
