/** Log lines: v3's text form, JSON, levels, and nothing that could forge a line. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

const test = suite('log: logger');
const now = (): number => new Date(2020, 9, 6, 17, 52, 21).getTime();

const open = (o: Partial<LoggerOptions> = {}) => {
  const lines: string[] = [];
  return { log: createLogger({ now, write: (line) => void lines.push(line), ...o }), lines };
};

test('writes time, sorted fields and the message', () => {
  const { log, lines } = open();
  log.info('Server [grpc] Listening on [::]:33975', { service: 'x', file: 'a.ts:1' });
  assert.equal(lines, [
    '2020-10-06 17:52:21  file=a.ts:1 level=info service=x Server [grpc] Listening on [::]:33975\n',
  ]);
});

test('drops what is below its level', () => {
  const { log, lines } = open({ level: 'warn' });
  log.trace('a');
  log.debug('b');
  log.info('c');
  log.warn('d');
  log.error('e');
  assert.is(lines.length, 2);
});

test('a child adds its fields to every line', () => {
  const { log, lines } = open();
  log.child({ plugin: 'p' }).child({ part: 2 }).info('m', { part: 3 });
  assert.match(lines[0] ?? '', / level=info part=3 plugin=p m\n$/);
});

test('JSON holds the same', () => {
  const { log, lines } = open({ format: 'json', fields: { plugin: 'p' } });
  log.error('m', { error: new Error('bad'), big: 12n, bytes: new Uint8Array(3), none: undefined });
  assert.equal(JSON.parse(lines[0] ?? ''), {
    time: new Date(now()).toISOString(),
    level: 'error',
    message: 'm',
    plugin: 'p',
    error: 'bad',
    big: '12',
    bytes: '<3 bytes>',
    none: null,
  });
});

test('values that cannot be shown do not fail the line', () => {
  const { log, lines } = open();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  log.info('m', { circle, f: () => 1, s: Symbol('s'), nested: { n: 1n } });
  assert.match(lines[0] ?? '', /circle=<object> f=<function> level=info nested="{\\"n\\":\\"1\\"}" s=<symbol> m/);
});

test('whatever is logged, it is one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
      for (const format of ['text', 'json'] as const) {
        const { log, lines } = open({ format });
        log.info(message, { value });
        const line = lines[0] ?? '';
        assert.is(lines.length, 1);
        assert.not.match(line.slice(0, -1), /\p{Cc}/u);
      }
    }),
  );
});

test.run();
