/** Spans: one per RPC, through @opentelemetry/api, with W3C ids of our own when no SDK is installed. Remembers the last ones for Debug.Trace; exports nothing. */

import { AsyncLocalStorage } from 'node:async_hooks';

import { spansMax } from '../contract/limits.ts';
import { childContext, type TraceContext } from './trace-context.ts';

export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly kind: SpanKind;
  readonly attributes: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

export type SpanKind = 'server' | 'client';

export interface Span {
  readonly context: TraceContext;
  /** Runs `body` with this span as the current one, so that calls made inside become its children. */
  run<T>(body: () => T): T;
  /** Closes the span, with the error text when the call failed. Later calls are ignored. */
  end(failure?: string): void;
}

export interface SpanOptions {
  readonly kind: SpanKind;
  /** Default: the span that is current here. */
  readonly parent?: TraceContext;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Tracer {
  start(name: string, o: SpanOptions): Span;
  /** The last spansMax finished spans, oldest first. */
  recent(): readonly SpanRecord[];
}

/** The span a piece of code runs in. One per process by nature: it follows the async call chain, as the OpenTelemetry API's own does. */
const current = new AsyncLocalStorage<TraceContext>();

/** The trace that the calling code belongs to; undefined outside any call. */
export const currentTrace = (): TraceContext | undefined => current.getStore();

/** Loads the OpenTelemetry API, at first use and not before. */
export const loadTracer = async (o: { readonly now: () => number }): Promise<Tracer> => {
  const api = await import('@opentelemetry/api');
  const finished = createLastSpans();
  return {
    start: (name, options) => {
      const parts = { name, options, now: o.now, keep: finished.keep };
      return isWatched(api) ? startWatchedSpan(api, parts) : startOwnSpan(parts);
    },
    recent: finished.list,
  };
};

/** The last spansMax spans; each new one takes the place of the oldest. */
const createLastSpans = () => {
  const spans: SpanRecord[] = [];
  let next = 0;
  return {
    keep: (record: SpanRecord): void => {
      spans[next] = record;
      next = (next + 1) % spansMax;
    },
    list: (): readonly SpanRecord[] => [...spans.slice(next), ...spans.slice(0, next)],
  };
};

/** Whether an OpenTelemetry SDK is installed in this process; without one its API only makes spans that nobody sees. */
const isWatched = ({ trace, ProxyTracerProvider }: Api): boolean => {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('micro') !== undefined;
};

interface SpanParts {
  readonly name: string;
  readonly options: SpanOptions;
  readonly now: () => number;
  readonly keep: (record: SpanRecord) => void;
}

const noAttributes: Readonly<Record<string, string>> = {};

/** A class, since every call of every service makes one. */
class OwnSpan implements Span {
  readonly context: TraceContext;
  readonly #parts: SpanParts;
  readonly #parentId: string;
  readonly #startedMs: number;
  #ended = false;

  constructor(parts: SpanParts, context: TraceContext, parent: TraceContext | undefined) {
    this.context = context;
    this.#parts = parts;
    this.#parentId = parent?.spanId ?? '';
    this.#startedMs = parts.now();
  }
  run<T>(body: () => T): T {
    return current.run(this.context, body);
  }
  end(failure?: string): void {
    this.close(failure);
  }
  /** Remembers the span, once; false from the second time on. */
  close(failure: string | undefined): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    const { name, options, now, keep } = this.#parts;
    keep({
      traceId: this.context.traceId,
      spanId: this.context.spanId,
      parentId: this.#parentId,
      name,
      startedMs: this.#startedMs,
      durationMs: Math.max(0, now() - this.#startedMs),
      kind: options.kind,
      attributes: options.attributes ?? noAttributes,
      failed: failure !== undefined,
    });
    return true;
  }
}

const startOwnSpan = (parts: SpanParts): Span => {
  const parent = parts.options.parent ?? current.getStore();
  return new OwnSpan(parts, childContext(parent), parent);
};

const startWatchedSpan = (api: Api, parts: SpanParts): Span => {
  const { name, options } = parts;
  const parent = options.parent ?? current.getStore();
  const kind = options.kind === 'server' ? api.SpanKind.SERVER : api.SpanKind.CLIENT;
  const outer = parentContext(api, parent);
  const span = api.trace
    .getTracer('micro')
    .startSpan(name, { kind, attributes: options.attributes ?? noAttributes }, outer);
  const context = span.isRecording() ? contextOf(span.spanContext()) : childContext(parent);
  const inner = api.trace.setSpan(outer, span);
  const own = new OwnSpan(parts, context, parent);
  return {
    context,
    run: (body) => current.run(context, () => api.context.with(inner, body)),
    end: (failure) => {
      if (!own.close(failure)) return;
      if (failure !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
};

type Api = typeof import('@opentelemetry/api');

const parentContext = (api: Api, parent: TraceContext | undefined): import('@opentelemetry/api').Context => {
  const active = api.context.active();
  if (parent === undefined || api.trace.getSpanContext(active)?.spanId === parent.spanId) return active;
  return api.trace.setSpanContext(active, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags,
    isRemote: true,
    traceState: parent.state === undefined ? undefined : api.createTraceState(parent.state),
  });
};

const contextOf = (c: import('@opentelemetry/api').SpanContext): TraceContext => ({
  traceId: c.traceId,
  spanId: c.spanId,
  flags: c.traceFlags,
  state: c.traceState?.serialize(),
});
