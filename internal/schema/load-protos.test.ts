/** Protos as authors write them: several files, imports, every kind of field and method; faults with file and line. */

import assert from 'node:assert/strict';

import { canonical } from '../../test/support/message-values.ts';
import { protoMethodOf, protoSetOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';

const head = 'syntax = "proto3";\n';

const test = suite('loadProtos');

test('finds services and methods of every kind, with and without a package', () => {
  const { services } = protoSetOf({
    'a.proto': `${head}package demo.v1;
      service Chat { rpc One(M) returns (M); rpc Down(M) returns (stream M); rpc Up(stream M) returns (M); rpc Both(stream M) returns (stream M); }
      message M {}`,
    'b.proto': `${head}service Plain { rpc Call(N) returns (N) {} } message N {}`,
  });
  assert.deepEqual(
    services.map((s) => [s.fullName, s.name, s.methods.map((m) => [m.name, m.kind])]),
    [
      [
        'demo.v1.Chat',
        'Chat',
        [
          ['One', 'unary'],
          ['Down', 'server-stream'],
          ['Up', 'client-stream'],
          ['Both', 'bidi'],
        ],
      ],
      ['Plain', 'Plain', [['Call', 'unary']]],
    ],
  );
});

test('follows imports beside the file, from the folder of another, in circles, and loads each file once', () => {
  const files = {
    'proto/one.proto': `${head}import "two.proto"; import "sub/three.proto"; message One { Two two = 1; Three three = 2; }
      service S { rpc Call(One) returns (One); }`,
    'proto/two.proto': `${head}import "one.proto"; message Two { One one = 1; }`,
    'proto/sub/three.proto': `${head}import "two.proto"; message Three { Two two = 1; }`,
  };
  for (const load of [['proto/one.proto'], Object.keys(files)]) {
    const [method] = protoSetOf(files, load).services[0]!.methods;
    const value = method!.request.decode(method!.request.encode({ three: { two: {} } }));
    assert.equal(canonical(value), canonical({ two: null, three: { two: { one: null } } }));
  }
});

test('keeps fields as they are written and reads every kind of them', () => {
  const { request } = protoMethodOf(`${head}package p;
    service S { rpc Call(M) returns (M); }
    message M {
      enum Kind { NONE = 0; BIG = 1; } message In { int64 at_ms = 1; }
      Kind kind = 1; In in_one = 2; repeated In ins = 3; map<string, In> by_name = 4; map<int64, Kind> by_id = 5;
      oneof pick { string by_text = 6; In by_in = 7; } optional int32 maybe = 8; bytes raw_bytes = 9; repeated uint64 ids = 10; bool on = 11;
    }`);
  const value = {
    kind: 'BIG',
    in_one: { at_ms: 5n },
    ins: [{ at_ms: -1n }],
    by_name: { __proto: { at_ms: 1n } },
    by_id: { '9223372036854775807': 'BIG', '-1': 7 },
    by_in: { at_ms: 2n },
    maybe: 0,
    raw_bytes: new Uint8Array([1, 2]),
    ids: [18446744073709551615n],
    on: true,
  };
  assert.equal(canonical(request.decode(request.encode(value))), canonical(value));
  assert.equal(canonical(request.fromJson(request.toJson(value))), canonical(value));
});

test('describes nested types by the names Go gives them', () => {
  const { describe } = protoMethodOf(`${head}package p.q;
    service S { rpc Call(M) returns (M); }
    message M { message In { enum Kind { A = 0; } Kind kind = 1; } In in = 1; repeated In ins = 2; map<string, In> map = 3; repeated bytes raws = 4; float f = 5; }`);
  assert.deepEqual(describe().request, {
    name: 'M',
    type: 'M',
    values: [
      { name: 'in', type: 'M_In', values: [{ name: 'kind', type: 'M_In_Kind', values: [] }] },
      { name: 'ins', type: '[]M_In', values: [] },
      { name: 'map', type: 'map[string]M_In', values: [] },
      { name: 'raws', type: '[][]uint8', values: [] },
      { name: 'f', type: 'float32', values: [] },
    ],
  });
});

test('reads proto2 files, whose required fields stay required', () => {
  const { request } = protoMethodOf(`syntax = "proto2";
    service S { rpc Call(M) returns (M); }
    message M { required string a = 1; optional int32 b = 2 [default = 7]; }`);
  assert.equal(canonical(request.decode(request.encode({ a: 'x' }))), canonical({ a: 'x', b: 7 }));
  assert.throws(() => request.decode(new Uint8Array()), /missing required 'a'/);
});

test('takes files without services, and no files', () => {
  assert.deepEqual(protoSetOf({ 'empty.proto': '', 'only.proto': `${head}message M {}` }).services, []);
  assert.deepEqual(protoSetOf({}).services, []);
});

for (const [title, text, message] of [
  ['a missing semicolon', `${head}message B {\n  string a = 1\n}`, `DIR/a.proto:4: illegal token '}', ';' expected`],
  ['a file that breaks off', `${head}\n\nmessage A { string`, `DIR/a.proto:4: illegal end of input 'null'`],
  ['something else', '\x7fELF\x02', `DIR/a.proto:1: illegal token '\x7fELF\x02'`],
  [
    'a field of no known type',
    `${head}message A {\n  Missing m = 1;\n}\n// Missing is not here`,
    "DIR/a.proto:3: no such Type or Enum 'Missing' in Type .A",
  ],
  [
    'a method of no known type',
    `${head}service S {\n  rpc Call(Nope) returns (Nope);\n}`,
    'DIR/a.proto:3: no such type: Nope',
  ],
  [
    'one number twice',
    `${head}message A {\n  string a = 1; string b = 1; }`,
    'DIR/a.proto:2: duplicate id 1 in Type A',
  ],
  ['one name twice', `${head}message A {}\nmessage A {}`, "DIR/a.proto:3: duplicate name 'A' in Root"],
  [
    'an import that is not there',
    `${head}\nimport "not-here.proto";`,
    'DIR/a.proto:3: cannot find the imported file not-here.proto',
  ],
] as const)
  test(`names file and line of ${title}`, () => {
    assert.throws(
      () => protoSetOf({ 'a.proto': text, 'b.proto': head }),
      (e) => isMicroError(e) && e.code === 400 && e.message.startsWith(message),
    );
  });

test('names the imported file when the fault is there, and a file that is missing', () => {
  const files = { 'a.proto': `${head}import "b.proto";`, 'b.proto': `${head}\nmessage {` };
  assert.throws(() => protoSetOf(files, ['a.proto']), /^MicroError: DIR\/b\.proto:3: illegal type name '\{'/);
  assert.throws(() => protoSetOf({}, ['none.proto']), /^MicroError: DIR\/none\.proto: no such file$/);
});

test.run();
