/** Reading argv: v3's parser rules, values by type, and what is wrong said in v3's words with a way out. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { fields } from '../contract/field.ts';
import { flagValues, type SplitOptions, splitArgv } from './argv.ts';

const test = suite('cli: argv');

const specs = fields({
  name: { type: 'string', doc: 'Name', short: 'n' },
  type: { type: 'string', doc: 'Type' },
  count: { type: 'int32', doc: 'Count' },
  big: { type: 'int64', doc: 'Big' },
  force: { type: 'bool', doc: 'Force', short: 'f' },
  scopes: { type: 'string', list: true, doc: 'Scopes' },
  wait: { type: 'duration', doc: 'Wait' },
  username: { type: 'string', doc: 'Username', alias: 'email' },
  secret: { type: 'int32', doc: 'Secret', secret: true },
});
const command = 'micro x';

const read = (words: readonly string[], o: Partial<SplitOptions> = {}) => {
  const split = splitArgv(words, specs, { command, ...o });
  return { ...split, values: { ...flagValues(split.texts, specs, command) } };
};

const fails = (words: readonly string[], message: string, hint?: string) => () => {
  try {
    read(words);
  } catch (e) {
    assert.instance(e, ExitError);
    assert.is((e as ExitError).exitCode, 1);
    assert.is((e as ExitError).message, message);
    if (hint !== undefined) assert.is((e as ExitError).hint, hint);
    return;
  }
  assert.unreachable('nothing was thrown');
};

for (const [title, words, values] of [
  ['one dash and two are the same', ['-name=a', '--type=b'], { name: 'a', type: 'b' }],
  ['a value may be the next word', ['--name', 'a'], { name: 'a' }],
  ['a value keeps its equal signs', ['--name=a=b=c'], { name: 'a=b=c' }],
  ['a value may be empty', ['--name='], { name: '' }],
  ['a value may start with a dash', ['--name', '--type'], { name: '--type' }],
  ['text stays text', ['--name=007'], { name: '007' }],
  ['negative numbers are values', ['--count', '-5', '--big=-6'], { count: -5, big: -6n }],
  ['64 bits are exact', ['--big=9007199254740993'], { big: 9007199254740993n }],
  ['a bare bool is true', ['--force'], { force: true }],
  ['a bool takes its value behind =', ['-f=false'], { force: false }],
  ['lists collect, commas stay', ['--scopes=a,b', '--scopes', 'c'], { scopes: ['a,b', 'c'] }],
  ['of a repeated flag the last counts', ['--name=a', '--name=b'], { name: 'b' }],
  ['durations are milliseconds', ['--wait=1m30s'], { wait: 90_000 }],
  ['a second long name is the same flag', ['--email=a'], { username: 'a' }],
  ['a short name is the same flag', ['-n', 'a'], { name: 'a' }],
] as const)
  test(title, () => assert.equal(read(words).values, values));

test('a bare bool leaves the next word alone', () => assert.equal(read(['--force', 'x']).args, ['x']));
test('a lone dash and negative numbers are positionals', () => assert.equal(read(['-', '-5']).args, ['-', '-5']));
test('a known flag may stand behind positionals', () => {
  const { args, values } = read(['a', '--name=b', 'c']);
  assert.equal([args, values], [['a', 'c'], { name: 'b' }]);
});
test('behind -- nothing is read', () => {
  const { args, rest, values } = read(['a', '--', '--name=b', '--help']);
  assert.equal([args, rest, values], [['a'], ['--name=b', '--help'], {}]);
});
test('the next level begins at the first positional', () => {
  const { args, values } = read(['--name=a', 'call', '--name=b'], { stopAtPositional: true });
  assert.equal([args, values], [['call', '--name=b'], { name: 'a' }]);
});
test('unknown words behind a positional belong to a verb that takes all', () =>
  assert.equal(read(['a', '--x=1'], { looseWords: true }).args, ['a', '--x=1']));
test('help is seen anywhere', () => {
  for (const words of [['--help'], ['-h'], ['-help'], ['a', '--help']]) assert.ok(read(words).help);
});

test(
  'an unknown flag suggests the nearest',
  fails(['--tpye=x'], 'Incorrect Usage: flag provided but not defined: -tpye', 'did you mean --type?'),
);
test(
  'an unknown flag without a neighbour points to help',
  fails(['--zzzzzz'], 'Incorrect Usage: flag provided but not defined: -zzzzzz', 'see micro x --help'),
);
test(
  'an unknown flag behind positionals is none the less wrong',
  fails(['a', '--zzzzzz'], 'Incorrect Usage: flag provided but not defined: -zzzzzz'),
);
test(
  'names that every object has are unknown',
  fails(['--constructor'], 'Incorrect Usage: flag provided but not defined: -constructor'),
);
test('a flag needs its value', fails(['--name'], 'Incorrect Usage: flag needs an argument: -name'));
test(
  'two forms of one flag are one too many',
  fails(['-n=a', '--name=b'], 'Cannot use two forms of the same flag: n name'),
);
test(
  'a value that does not fit is named',
  fails(['--count=x'], 'Incorrect Usage: invalid value "x" for flag -count: parse error'),
);
test(
  'a bool takes no other word',
  fails(['--force=maybe'], 'Incorrect Usage: invalid value "maybe" for flag -force: parse error'),
);
test(
  'a secret is not shown',
  fails(
    ['--secret=hunter2'],
    'Incorrect Usage: invalid value "***" for flag -secret: parse error',
    'see micro x --help',
  ),
);

test('any text survives as a value, in both forms', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.is(read([`--name=${text}`]).values.name, text);
      assert.is(read(['--name', text]).values.name, text);
    }),
  );
});

test('words are never lost: each is a value, a positional, the rest, or an error', () => {
  const word = fc.oneof(fc.constantFrom('--name=v', '--force', '--', '-', 'a', '-7', '--count=3'), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      let split: ReturnType<typeof splitArgv>;
      try {
        split = splitArgv(words, specs, { command });
      } catch (e) {
        assert.instance(e, ExitError);
        return;
      }
      const plain = words.filter((w) => !w.startsWith('-'));
      const kept = [...split.args, ...split.rest, ...[...split.texts.values()].flat()];
      for (const w of plain) assert.ok(kept.includes(w), w);
    }),
  );
});

test.run();
