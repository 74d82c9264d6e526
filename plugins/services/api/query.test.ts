/** Queries, forms and bodies as the JSON text a service gets. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { isMicroError } from '../../../internal/contract/error.ts';
import type { ValueTree } from '../../../internal/contract/handler.ts';
import { queryDepthMax, queryFieldsMax } from '../../../internal/contract/limits.ts';
import { suite } from '../../../test/support/suite.ts';
import { payloadOf } from './request-payload.ts';

const test = suite('payloadOf');

const tree = (name: string, type: string, ...values: ValueTree[]): ValueTree => ({ name, type, values });
const shape = tree(
  'Request',
  'Request',
  tree('name', 'string'),
  tree('first_name', 'string'),
  tree('age', 'int64'),
  tree('tags', '[]string'),
  tree('inner', 'Inner', tree('id', 'string')),
);

const payload = (o: { method?: string; contentType?: string; query?: string; body?: string | Uint8Array }): string =>
  Buffer.from(
    payloadOf({
      method: o.method ?? (o.body === undefined ? 'GET' : 'POST'),
      contentType: o.contentType ?? '',
      query: o.query ?? '',
      body: typeof o.body === 'string' ? Buffer.from(o.body) : (o.body ?? new Uint8Array(0)),
      shape,
    }),
  ).toString();

for (const [query, want] of [
  ['', '{}'],
  ['name=John', '{"name":"John"}'],
  ['name=007', '{"name":"007"}'],
  ['name=5&first_name=true&firstName=null', '{"name":"5","first_name":"true","firstName":"null"}'],
  ['name=%22quoted%22', '{"name":"quoted"}'],
  ['name=a+b%2Bc', '{"name":"a b+c"}'],
  ['name=a=b=c', '{"name":"a=b=c"}'],
  ['name=', '{"name":""}'],
  ['age=9223372036854775807', '{"age":9223372036854775807}'],
  ['other=5&flag=true&none=null&text=abc&zero=007', '{"other":5,"flag":true,"none":null,"text":"abc","zero":"007"}'],
  ['other=0.10000000000000000001', '{"other":0.10000000000000000001}'],
  ['a[b][c]=1', '{"a":{"b":{"c":1}}}'],
  ['a.b=1&a.c=2', '{"a":{"b":1,"c":2}}'],
  ['a[]=1&a[]=2', '{"a":[1,2]}'],
  ['tags=1&tags=2', '{"tags":["1","2"]}'],
  ['tags[]=x', '{"tags":["x"]}'],
  ['inner.id=7', '{"inner":{"id":"7"}}'],
  ['name=a&name=b', '{"name":"b"}'],
  ['__proto__[x]=1', '{"__proto__":{"x":1}}'],
  ['obj={"a":[1,2]}', '{"obj":{"a":[1,2]}}'],
] as const)
  test(`query ${query || '(none)'}`, () => assert.is(payload({ query }), want));

for (const [name, o, want] of [
  [
    'passes a body on byte for byte',
    { body: ' {"b": 1,\n"a":9007199254740993 }' },
    ' {"b": 1,\n"a":9007199254740993 }',
  ],
  ['lets the body win over the query', { query: 'x=1&y=2', body: '{"y":3,"z":null}' }, '{"x":1,"y":3}'],
  ['merges nested objects', { query: 'a.x=1', body: '{"a":{"y":2}}' }, '{"a":{"x":1,"y":2}}'],
  [
    'keeps every digit while merging',
    { query: 'x=1', body: '{"n":18446744073709551615}' },
    '{"x":1,"n":18446744073709551615}',
  ],
  ['keeps __proto__ a plain key', { query: 'x=1', body: '{"__proto__":{"y":1}}' }, '{"x":1,"__proto__":{"y":1}}'],
  ['answers {} for an empty POST', { method: 'POST', body: '' }, '{}'],
  ['does not read the body of a GET', { method: 'GET', body: 'garbage' }, '{}'],
  [
    'takes JSON that curl calls a form for JSON',
    { contentType: 'application/x-www-form-urlencoded', query: 'x=1', body: '{"a":2}' },
    '{"x":1,"a":2}',
  ],
  [
    'turns a form into texts, repeats joined',
    { contentType: 'application/x-www-form-urlencoded', query: 'q=1', body: 'a=1&a=2&b=x+y' },
    '{"q":"1","a":"1,2","b":"x y"}',
  ],
] as const)
  test(name, () => assert.is(payload(o), want));

for (const [name, o, code, detail] of [
  ['a query field without =', { query: 'flag' }, 400, /malformed query field: flag/],
  ['a query field without a name', { query: '=x' }, 400, /malformed query field/],
  ['a broken escape', { query: 'a=%zz' }, 400, /malformed escape/],
  ['fields that contradict each other', { query: 'a=1&a[b]=2' }, 400, /contradicts/],
  ['a list that is also a value', { query: 'a[]=1&a=2' }, 400, /contradicts/],
  ['unclosed brackets', { query: 'a[b=1' }, 400, /malformed query field/],
  ['too many fields', { query: `${'a=1&'.repeat(queryFieldsMax)}b=1` }, 400, /queryFieldsMax/],
  ['too deep fields', { query: `a${'[b]'.repeat(queryDepthMax)}=1` }, 400, /queryDepthMax/],
  ['a bad body next to a query', { query: 'a=1', body: '{' }, 400, /not valid JSON/],
  ['a body that is no text next to a query', { query: 'a=1', body: Uint8Array.of(0xff) }, 400, /UTF-8/],
  ['multipart', { contentType: 'multipart/form-data', body: 'x' }, 415, /Unsupported Content-Type/],
  ['bare proto', { contentType: 'application/grpc+proto', body: 'x' }, 415, /Unsupported Content-Type/],
  ['a message over the limit', { body: new Uint8Array(32 * 1024 * 1024 + 1) }, 413, /messageBytesMax/],
] as const)
  test(`refuses ${name}`, () => {
    try {
      payload(o);
    } catch (e) {
      if (!isMicroError(e)) throw e;
      assert.is(e.code, code);
      assert.match(e.detail, detail);
      return;
    }
    assert.unreachable('was taken');
  });

test('never fails on a query but with a micro error, and never answers what is not JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab[].=&%7"{}5_') }), (query) => {
      try {
        JSON.parse(payload({ query }));
      } catch (e) {
        if (!isMicroError(e)) throw e;
      }
    }),
    { numRuns: 2_000 },
  );
});

test.run();
