/** Output and prompts: streams, tables in both forms, answers typed or piped in. */

import { PassThrough, Writable } from 'node:stream';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { createOutput } from './output.ts';

const test = suite('cli: output');

const sink = () => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
};

const open = (format: 'text' | 'json' = 'text', signal?: AbortSignal) => {
  const [stdout, stderr, stdin] = [sink(), sink(), new PassThrough()];
  return {
    out: createOutput({ stdin, stdout: stdout.stream, stderr: stderr.stream, format, signal }),
    stdout,
    stderr,
    stdin,
  };
};

interface Row {
  readonly id: string;
  readonly size: number;
}
const rows: readonly Row[] = [
  { id: 'a', size: 1 },
  { id: 'b\tc\n\u001b[2J', size: 2 },
];
const columns = [
  { title: 'ID', value: (r: Row) => r.id },
  { title: 'FULL SIZE', value: (r: Row) => String(r.size) },
];

test('results go to stdout, remarks to stderr', () => {
  const { out, stdout, stderr } = open();
  out.line('a');
  out.write('b');
  out.write(new Uint8Array([99]));
  out.note('d');
  assert.equal([stdout.text(), stderr.text()], ['a\nbc', 'd\n']);
});

test('a table is tab-written and keeps strangers’ text in its cell', () => {
  const { out, stdout } = open();
  out.table(rows, columns);
  assert.is(stdout.text(), 'ID\tFULL SIZE\na\t1\nb c [2J\t2\n');
});

test('no rows print nothing as text and an empty list as JSON', () => {
  const text = open();
  text.out.table([], columns);
  assert.is(text.stdout.text(), '');
  const json = open('json');
  json.out.table([], columns);
  assert.is(json.stdout.text(), '[]\n');
});

test('a table is a list of objects as JSON', () => {
  const { out, stdout } = open('json');
  out.table(rows.slice(0, 1), columns);
  assert.is(stdout.text(), '[\n\t{\n\t\t"id": "a",\n\t\t"full_size": "1"\n\t}\n]\n');
});

test('JSON keeps 64-bit numbers exact and bytes as base64', () => {
  const { out, stdout } = open();
  out.json({ n: 2n ** 63n, b: new Uint8Array([1, 2]), u: undefined });
  assert.equal(JSON.parse(stdout.text()), { n: '9223372036854775808', b: 'AQI=' });
});

test('answers are read line by line, the prompt is shown', async () => {
  const { out, stdin, stdout } = open();
  stdin.write('first\r\nsecond\nrest');
  assert.is(await out.prompt('One: '), 'first');
  assert.is(await out.prompt('Two: ', { hidden: true }), 'second');
  stdin.end();
  assert.is(await out.prompt('Three: '), 'rest');
  assert.is(stdout.text(), 'One: Two: \nThree: ');
});

test('a prompt stands aside where stdout is a value', async () => {
  const { out, stdout, stderr, stdin } = open();
  stdin.end('secret\n');
  assert.is(await out.prompt('Secret: ', { hidden: true, aside: true }), 'secret');
  assert.equal([stdout.text(), stderr.text()], ['', 'Secret: \n']);
  assert.is(out.interactive, false);
});

test('an interrupt ends a prompt that waits', async () => {
  const abort = new AbortController();
  const { out } = open('text', abort.signal);
  const asked = out.prompt('One: ');
  abort.abort();
  try {
    await asked;
    assert.unreachable('it was answered');
  } catch (e) {
    assert.is((e as Error).name, 'AbortError');
  }
});

test.run();
