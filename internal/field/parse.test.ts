/** Text of flags, variables and settings as values of every type, and refusals that name the field, the text and what is wanted. */

import assert from 'node:assert/strict';

import { canonical } from '../../test/support/message-values.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import type { FieldSpec, FieldType } from '../contract/field.ts';

import { parseField } from './parse.ts';

const spec = (type: FieldType, more: Partial<FieldSpec> = {}): FieldSpec => ({ type, doc: '', ...more }) as FieldSpec;
const kinds = { values: ['SMALL', 'Big', 'huge', 'HUGE'] };
const list = { list: true };

const test = suite('parseField');

for (const [field, texts, want] of [
  [spec('string'), ['007'], '007'],
  [spec('string'), [''], ''],
  [spec('string'), [], ''],
  [spec('string'), ['a=b,c'], 'a=b,c'],
  [spec('string'), ['first', 'last'], 'last'],
  [spec('bool'), [], true],
  [spec('bool'), [''], true],
  [spec('bool'), ['T'], true],
  [spec('bool'), ['0'], false],
  [spec('bool'), ['False'], false],
  [spec('int32'), ['-2147483648'], -2147483648],
  [spec('uint32'), ['0xFFFFFFFF'], 4294967295],
  [spec('int64'), ['9223372036854775807'], 9223372036854775807n],
  [spec('int64'), ['-0x8000000000000000'], -9223372036854775808n],
  [spec('int64'), ['0b1_0'], 2n],
  [spec('int64'), ['0o17'], 15n],
  [spec('int64'), ['017'], 15n],
  [spec('int64'), ['0_17'], 15n],
  [spec('int64'), ['1_000_000'], 1000000n],
  [spec('int64'), ['+5'], 5n],
  [spec('int64'), ['0'], 0n],
  [spec('int64'), ['-0'], 0n],
  [spec('uint64'), ['18446744073709551615'], 18446744073709551615n],
  [spec('double'), ['-1.5e3'], -1500],
  [spec('double'), ['.5'], 0.5],
  [spec('double'), ['5.'], 5],
  [spec('double'), ['-Inf'], -Infinity],
  [spec('double'), ['nan'], NaN],
  [spec('float'), ['0.1'], Math.fround(0.1)],
  [spec('bytes'), ['aGk='], Buffer.from('hi')],
  [spec('bytes'), ['_-8'], Buffer.from([0xff, 0xef])],
  [spec('bytes'), [''], new Uint8Array()],
  [spec('enum', kinds), ['Big'], 'Big'],
  [spec('enum', kinds), ['big'], 'Big'],
  [spec('enum', kinds), ['HUGE'], 'HUGE'],
  [spec('enum', kinds), ['2'], 2],
  [spec('enum'), ['anything'], 'anything'],
  [spec('enum', { values: ['1', '2'] }), ['2'], '2'],
  [spec('duration'), ['1h2m'], 3_720_000],
  [spec('duration'), ['500ms'], 500],
  [spec('map'), ['a=b,c=d=e'], { a: 'b', c: 'd=e' }],
  [spec('map'), [''], {}],
  [spec('map'), ['{"a":"b"}'], { a: 'b' }],
  [spec('map', { item: spec('int64') }), ['a=1,b=0x10'], { a: 1n, b: 16n }],
  [spec('message'), ['{"a":9007199254740993}'], { a: 9007199254740993n }],
  [spec('json'), ['[1,{"a":null}]'], [1, { a: null }]],
  [spec('json'), ['9007199254740993'], 9007199254740993n],
  [spec('string', list), ['a,b'], ['a', 'b']],
  [spec('string', list), ['a,b', 'c'], ['a,b', 'c']],
  [spec('string', list), ['["a,b","c"]'], ['a,b', 'c']],
  [spec('string', list), ['[x,y]'], ['[x', 'y]']],
  [spec('string', list), [], []],
  [spec('int64', list), ['1,0x10'], [1n, 16n]],
  [spec('int64', list), ['[1,"2",9007199254740993]'], [1n, 2n, 9007199254740993n]],
  [spec('bool', list), ['true,false'], [true, false]],
  [spec('double', list), ['10.1', '20.2'], [10.1, 20.2]],
  [spec('message', list), ['[{"a":1},{"a":2}]'], [{ a: 1 }, { a: 2 }]],
  [spec('message', list), ['{"a":1}', '{"a":2}'], [{ a: 1 }, { a: 2 }]],
  [spec('map', list), ['a=b,c=d'], [{ a: 'b', c: 'd' }]],
] as const)
  test(`reads ${JSON.stringify(texts)} as ${field.list ? 'a list of ' : ''}${field.type}`, () =>
    assert.equal(canonical(parseField(field, texts, '--x')), canonical(want)));

const whole = 'want a whole number from';
for (const [field, text, message] of [
  [spec('int32'), '2147483648', `${whole} -2147483648 to 2147483647`],
  [spec('uint32'), '-1', `${whole} 0 to 4294967295`],
  [spec('int64'), '9223372036854775808', `${whole} -9223372036854775808 to 9223372036854775807`],
  [spec('int64'), '', whole],
  [spec('int64'), '08', whole],
  [spec('int64'), '0x', whole],
  [spec('int64'), '0o', whole],
  [spec('int64'), '0b2', whole],
  [spec('int64'), '1__0', whole],
  [spec('int64'), '1_', whole],
  [spec('int64'), '_1', whole],
  [spec('int64'), '1.0', whole],
  [spec('int64'), ' 1', whole],
  [spec('int64'), '9'.repeat(1_000_000), whole],
  [spec('uint64'), '18446744073709551616', `${whole} 0 to 18446744073709551615`],
  [spec('bool'), 'yes', 'want true or false'],
  [spec('bool'), 'constructor', 'want true or false'],
  [spec('double'), '1e999', 'want a number'],
  [spec('double'), '1,5', 'want a number'],
  [spec('float'), '1e39', 'want a number'],
  [spec('bytes'), 'hello!', 'want base64 text'],
  [spec('bytes'), 'abcde', 'want base64 text'],
  [spec('enum', kinds), 'biggest', 'want one of SMALL, Big, huge, HUGE'],
  [spec('enum', kinds), 'Huge', 'want one of SMALL, Big, huge, HUGE'],
  [spec('duration'), '5', 'want a duration such as 1m30s'],
  [spec('map'), 'x', 'want a JSON object or key=value items'],
  [spec('map'), '{"a":', 'want a JSON object'],
  [spec('map', { item: spec('int32') }), 'a=x', `${whole} -2147483648 to 2147483647`],
  [spec('message'), '[]', 'want a JSON object'],
  [spec('message'), 'null', 'want a JSON object'],
  [spec('json'), '{', 'want JSON'],
  [spec('int64', list), '1,x', whole],
  [spec('string', list), '["a",{}]', 'want a string'],
] as const)
  test(`refuses ${JSON.stringify(text.slice(0, 30))} as ${field.list ? 'a list of ' : ''}${field.type}`, () =>
    assert.throws(
      () => parseField(field, [text], '--x'),
      (e) => isMicroError(e) && e.code === 400 && / for --x: /.test(e.message) && e.message.includes(message),
    ));

test('shows the text at fault, cut short, and never a secret one', () => {
  assert.throws(() => parseField(spec('int32'), ['x'], '--count'), /^MicroError: invalid value "x" for --count: want /);
  assert.throws(() => parseField(spec('int32'), ['x'.repeat(500)], '--count'), /"x{80}…"/);
  const secret = spec('json', { secret: true });
  assert.throws(
    () => parseField(secret, ['{hunter2'], '--key'),
    (e) =>
      e instanceof Error &&
      /"\*\*\*"/.test(e.message) &&
      !JSON.stringify([e, e.cause]).includes('hunter2') &&
      e.cause === undefined,
  );
});

test('reads maps that inherit nothing', () => {
  const map = parseField(spec('map'), ['__proto__=a,constructor=b'], '--x') as Record<string, unknown>;
  assert.deepEqual(Object.entries(map), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  assert.equal(map.toString, undefined);
});

test.run();
