/** Flags into the JSON request: every type, both separators, every refusal (cli.md 3.4 and 3.8). */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { ExitError } from '../../../internal/contract/error.ts';
import type { ValueTree } from '../../../internal/contract/handler.ts';
import { suite } from '../../../test/support/suite.ts';

import { requestBody, untypedBody } from './request-body.ts';
import { requestFields } from './request-fields.ts';
import { splitWords } from './split-words.ts';

const value = (name: string, type: string, values: readonly ValueTree[] = []): ValueTree => ({ name, type, values });

const fields = requestFields(
  value('Request', 'Request', [
    value('s', 'string'),
    value('b', 'bool'),
    value('i', 'int32'),
    value('l', 'int64'),
    value('u', 'uint32'),
    value('ul', 'uint64'),
    value('f', 'float32'),
    value('d', 'float64'),
    value('raw', '[]uint8'),
    value('kind', 'Kind'),
    value('ss', '[]string'),
    value('bs', '[]bool'),
    value('is', '[]int32'),
    value('ls', '[]int64'),
    value('fs', '[]float64'),
    value('raws', '[][]uint8'),
    value('kinds', '[]Kind'),
    value('items', '[]Item'),
    value('labels', 'map[string]string'),
    value('counts', 'map[string]int64'),
    value('user_email', 'string'),
    value('user', 'User', [
      value('name', 'string'),
      value('friend', 'Friend', [value('email', 'string'), value('first_name', 'string')]),
    ]),
    value('options', 'Options'),
  ]),
);

const bodyOf = (...words: readonly string[]): string => requestBody(splitWords(words).flags, fields);

const test = suite('requestBody');

for (const [words, want] of [
  [[], '{}'],
  [['--s=007'], '{"s":"007"}'],
  [['--s'], '{"s":""}'],
  [['--s=a=b'], '{"s":"a=b"}'],
  [['--s=-5'], '{"s":"-5"}'],
  [['--s=é"\\'], '{"s":"é\\"\\\\"}'],
  [['--b'], '{"b":true}'],
  [['--b='], '{"b":true}'],
  [['--b=F'], '{"b":false}'],
  [['--i=010'], '{"i":10}'],
  [['--i', '-5'], '{"i":-5}'],
  [['--i=+7'], '{"i":7}'],
  [['--l=0x10'], '{"l":16}'],
  [['--l=010'], '{"l":8}'],
  [['--l=-0b11'], '{"l":-3}'],
  [['--l=1_000'], '{"l":1000}'],
  [['--l=9223372036854775807'], '{"l":"9223372036854775807"}'],
  [['--l=-9223372036854775808'], '{"l":"-9223372036854775808"}'],
  [['--u=4294967295'], '{"u":4294967295}'],
  [['--ul=18446744073709551615'], '{"ul":"18446744073709551615"}'],
  [['--f=.5'], '{"f":0.5}'],
  [['--d=1e3'], '{"d":1000}'],
  [['--d', '-1.5'], '{"d":-1.5}'],
  [['--d=inf', '--f=-Inf'], '{"d":"Infinity","f":"-Infinity"}'],
  [['--d=NaN'], '{"d":"NaN"}'],
  [['--raw=aGk='], '{"raw":"aGk="}'],
  [['--raw=_-8='], '{"raw":"/+8="}'],
  [['--kind=BIG'], '{"kind":"BIG"}'],
  [['--kind=2'], '{"kind":2}'],
  [['--ss=a,b'], '{"ss":["a","b"]}'],
  [['--ss', 'a,b'], '{"ss":["a","b"]}'],
  [['--ss=a', '--ss=b'], '{"ss":["a","b"]}'],
  [['--ss', 'a', '--ss', 'b'], '{"ss":["a","b"]}'],
  [['--ss=["a,b", "c"]'], '{"ss":["a,b","c"]}'],
  [['--ss'], '{"ss":[]}'],
  [['--bs=true,false'], '{"bs":[true,false]}'],
  [['--is', '10', '--is', '20'], '{"is":[10,20]}'],
  [['--is=-1,-2'], '{"is":[-1,-2]}'],
  [['--ls=10,9007199254740993'], '{"ls":[10,"9007199254740993"]}'],
  [['--fs=10.1,20.2'], '{"fs":[10.1,20.2]}'],
  [['--raws=aGk=,aG8='], '{"raws":["aGk=","aG8="]}'],
  [['--kinds=A,2'], '{"kinds":["A",2]}'],
  [['--items=[{"n": 1}, {"n":2}]'], '{"items":[{"n":1},{"n":2}]}'],
  [['--items={"n":1}', '--items={"n":2}'], '{"items":[{"n":1},{"n":2}]}'],
  [['--items={"n":1},{"n":2}'], '{"items":[{"n":1},{"n":2}]}'],
  [['--labels={"a": "b"}'], '{"labels":{"a":"b"}}'],
  [['--labels=a=b,c=d=e'], '{"labels":{"a":"b","c":"d=e"}}'],
  [['--labels=a=b,c', '--labels', 'x=y'], '{"labels":{"a":"b,c","x":"y"}}'],
  [['--labels=__proto__=x'], '{"labels":{"__proto__":"x"}}'],
  [['--counts=a=1,b=0x10'], '{"counts":{"a":1,"b":16}}'],
  [['--user_email=e'], '{"user_email":"e"}'],
  [['--user-name=n', '--user_friend_email=e'], '{"user":{"friend":{"email":"e"},"name":"n"}}'],
  [['--user-friend-first_name=n'], '{"user":{"friend":{"first_name":"n"}}}'],
  [['--user-friend-first-name=n'], '{"user":{"friend":{"first_name":"n"}}}'],
  [['--user={"name": "n", "age": 1.50}'], '{"user":{"name":"n","age":1.50}}'],
  [['--options={}'], '{"options":{}}'],
  [['--s=a', '--b', '--i=1'], '{"b":true,"i":1,"s":"a"}'],
] as const)
  test(`makes ${want} of ${words.join(' ')}`, () => assert.equal(bodyOf(...words), want));

for (const [words, message, hint] of [
  [['--nmae=x'], 'Unknown flag: nmae', undefined],
  [['--user_nmae=x'], 'Unknown flag: user_nmae', 'did you mean --user_name?'],
  [['--kid=x'], 'Unknown flag: kid', 'did you mean --kind?'],
  [['--i=x'], 'strconv.Atoi: parsing "x": invalid syntax', '--i takes int32'],
  [['--i'], 'strconv.Atoi: parsing "": invalid syntax', '--i takes int32'],
  [['--i=0x10'], 'strconv.Atoi: parsing "0x10": invalid syntax', '--i takes int32'],
  [['--i=2147483648'], 'strconv.Atoi: parsing "2147483648": value out of range', '--i takes int32'],
  [['--l=1__0'], 'strconv.ParseInt: parsing "1__0": invalid syntax', '--l takes int64'],
  [
    ['--l=9223372036854775808'],
    'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    '--l takes int64',
  ],
  [['--u=-1'], 'strconv.ParseUint: parsing "-1": invalid syntax', '--u takes uint32'],
  [['--b=maybe'], 'strconv.ParseBool: parsing "maybe": invalid syntax', '--b takes bool'],
  [['--d=1e999'], 'strconv.ParseFloat: parsing "1e999": value out of range', '--d takes float64'],
  [['--d=1.2.3'], 'strconv.ParseFloat: parsing "1.2.3": invalid syntax', '--d takes float64'],
  [['--bs=true,x'], 'strconv.ParseBool: parsing "x": invalid syntax', '--bs takes []bool'],
  [['--raw=hi'], 'illegal base64 data: "hi"', '--raw takes bytes as base64'],
  [['--labels=x'], 'invalid map value "x"', '--labels takes map[string]string as a JSON object or as key=value pairs'],
  [['--items={"n":'], 'invalid JSON: "{\\"n\\":"', '--items takes []Item'],
  [['--user=x'], 'User is not a JSON object', '--user takes User as a JSON object, or its fields one by one: --user_…'],
  [
    ['--user={}', '--user_name=x'],
    'Error parsing request, duplicate key: user_name',
    'give a message either as JSON or field by field',
  ],
  [
    ['--user_name=x', '--user={}'],
    'Error parsing request, duplicate key: user',
    'give a message either as JSON or field by field',
  ],
] as const)
  test(`refuses ${words.join(' ')}`, () =>
    assert.throws(
      () => bodyOf(...words),
      (e) =>
        e instanceof ExitError &&
        e.exitCode === 128 &&
        e.message === message &&
        (hint === undefined || e.hint === hint),
    ));

test('passes every string and every int64 exactly', () => {
  fc.assert(
    fc.property(fc.string(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (s, l) => {
      const body = JSON.parse(bodyOf(`--s=${s}`, `--l=${l}`)) as { s: string; l: string | number };
      assert.equal(body.s, s);
      assert.equal(BigInt(body.l), l);
    }),
  );
});

test('takes flags as they are where no shape is registered', () => {
  assert.equal(untypedBody(splitWords(['--n=5', '--all']).flags), '{"all":true,"n":"5"}');
});

test.run();
