/** Trace context as text, and spans that follow the call chain. */

import assert from 'node:assert/strict';

import { INVALID_SPAN_CONTEXT, type Span, trace } from '@opentelemetry/api';
import fc from 'fast-check';

import { spansMax } from '../contract/limits.ts';
import { suite } from '../../test/support/suite.ts';
import { childContext, formatTraceparent, parseTraceparent } from './trace-context.ts';
import { currentTrace, loadTracer } from './tracer.ts';

const test = suite('trace');

const example = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('reads and writes traceparent', () => {
  const context = parseTraceparent(example, 'vendor=x');
  assert.equal(context?.traceId, '0af7651916cd43dd8448eb211c80319c');
  assert.equal(context?.spanId, 'b7ad6b7169203331');
  assert.equal(context?.flags, 1);
  assert.equal(context?.state, 'vendor=x');
  assert.equal(context === undefined ? '' : formatTraceparent(context), example);
});

for (const text of [
  undefined,
  '',
  'x',
  example.toUpperCase(),
  example.replace('00-', 'ff-'),
  `${example}-more`,
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
])
  test(`starts anew for ${text}`, () => assert.equal(parseTraceparent(text), undefined));

test('reads what a later version of the standard may append', () =>
  assert.equal(parseTraceparent(`${example.replace('00-', '01-')}-more`)?.spanId, 'b7ad6b7169203331'));

test('any text is read or refused, never thrown at', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void parseTraceparent(a, b)));
});

test('a child keeps the trace and gets a span of its own', () => {
  const parent = childContext(undefined);
  const child = childContext(parent);
  assert.equal(child.traceId, parent.traceId);
  assert.notEqual(child.spanId, parent.spanId);
  assert.deepEqual(parseTraceparent(formatTraceparent(child)), child);
});

test('code inside a span sees it as current, also after waiting', async () => {
  const tracer = await loadTracer({ now: () => 0 });
  assert.equal(currentTrace(), undefined);
  const outer = tracer.start('outer', { kind: 'server', parent: parseTraceparent(example) });
  await outer.run(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(currentTrace(), outer.context);
    const inner = tracer.start('inner', { kind: 'client' });
    assert.equal(inner.context.traceId, '0af7651916cd43dd8448eb211c80319c');
    inner.end();
  });
  outer.end('it failed');
  outer.end();
  assert.equal(currentTrace(), undefined);
  const [inner, outerRecord, ...more] = tracer.recent();
  assert.equal(inner?.parentId, outer.context.spanId);
  assert.equal(inner?.failed, false);
  assert.equal(outerRecord?.parentId, 'b7ad6b7169203331');
  assert.equal(outerRecord?.failed, true);
  assert.deepEqual(more, []);
});

test('remembers the last spans only', async () => {
  let now = 0;
  const tracer = await loadTracer({ now: () => now });
  for (let i = 0; i < spansMax + 10; i += 1) {
    const span = tracer.start(`span ${i}`, { kind: 'server' });
    now += 5;
    span.end();
  }
  assert.equal(tracer.recent().length, spansMax);
  assert.equal(tracer.recent()[0]?.name, 'span 10');
  assert.equal(tracer.recent()[0]?.durationMs, 5);
});

test('an OpenTelemetry SDK that is installed sees every span, with its parent, and names its ids', async () => {
  const seen: string[] = [];
  const spanContext = { ...INVALID_SPAN_CONTEXT, traceId: '1'.repeat(32), spanId: '2'.repeat(16) };
  const span = {
    isRecording: () => true,
    spanContext: () => spanContext,
    setStatus: ({ message }: { message?: string }) => seen.push(`failed: ${message}`),
    end: () => seen.push('ended'),
  } as unknown as Span;
  const getTracer = () => ({
    startSpan: (name: string, _: unknown, outer: Parameters<typeof trace.getSpanContext>[0]) => {
      seen.push(`${name} below ${trace.getSpanContext(outer)?.spanId}`);
      return span;
    },
    startActiveSpan: () => assert.fail('not used'),
  });
  const tracer = await loadTracer({ now: () => 0 });
  trace.setGlobalTracerProvider({ getTracer: getTracer as never });
  try {
    const started = tracer.start('watched', { kind: 'server', parent: parseTraceparent(example) });
    assert.equal(started.context.traceId, spanContext.traceId);
    assert.equal(
      started.run(() => currentTrace()),
      started.context,
    );
    started.end('broken');
    started.end();
  } finally {
    trace.disable();
  }
  assert.deepEqual(seen, ['watched below b7ad6b7169203331', 'failed: broken', 'ended']);
  assert.equal(tracer.recent()[0]?.spanId, spanContext.spanId);
  tracer.start('unwatched', { kind: 'server' }).end();
  assert.equal(seen.length, 3);
});

test.run();
