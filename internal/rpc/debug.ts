/** The Debug handlers that every service answers (wire.md 7.8): internal, never registered. Reads counters and spans; owns the clock of garbage collection. */

import { PerformanceObserver } from 'node:perf_hooks';

import type { Handlers } from '../contract/handler.ts';
import type { LogRecord } from '../contract/runtime.ts';
import { debugApi } from '../schema/core/debug.ts';
import { implementSome } from '../schema/implement.ts';
import type { SpanRecord, Tracer } from '../trace/tracer.ts';
import type { RpcServerStats } from './dispatcher.ts';

export interface DebugSources {
  stats(): RpcServerStats;
  readonly tracer: Pick<Tracer, 'recent'>;
  /** The process's last log lines, oldest first; default none. */
  logs?(): readonly LogRecord[];
  readonly now: () => number;
  /** Core services say in Debug.Health which micro they are part of, and what its clock says; others keep to v3's answer. */
  readonly microVersion?: string;
}

export interface Debug {
  /** Debug.Health, Stats, Trace and Log. */
  readonly handlers: Handlers;
  /** Stops counting. */
  close(): void;
}

/** Starts counting uptime and garbage collection. */
export const openDebug = (o: DebugSources): Debug => {
  const startedMs = o.now();
  const gc = watchGc();
  const handlers = implementSome(
    debugApi,
    {
      'Debug.Health': async () => ({
        status: 'ok',
        ...(o.microVersion === undefined ? {} : { version: o.microVersion, time: Math.round(o.now()) }),
      }),
      'Debug.Stats': async () => ({
        timestamp: seconds(o.now()),
        started: seconds(startedMs),
        uptime: seconds(o.now() - startedMs),
        memory: process.memoryUsage.rss(),
        // Node has no goroutines; what keeps its loop busy comes closest.
        threads: process.getActiveResourcesInfo().length,
        gc: gc.pausedNanos(),
        ...o.stats(),
      }),
      'Debug.Trace': async ({ id }) => ({
        spans: o.tracer
          .recent()
          .filter((span) => id === '' || span.traceId === id)
          .map(spanMessage),
      }),
      'Debug.Log': async ({ count, since }) => {
        const records = (o.logs?.() ?? []).filter((record) => seconds(record.timestamp) >= Number(since));
        const last = count > 0n ? records.slice(-Number(count)) : records;
        return { records: last.map((record) => ({ ...record, timestamp: seconds(record.timestamp) })) };
      },
    },
    { internal: true },
  );
  return { handlers, close: gc.close };
};

const seconds = (ms: number): number => Math.floor(ms / 1_000);
const nanos = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;

const spanMessage = (span: SpanRecord) => ({
  trace: span.traceId,
  id: span.spanId,
  parent: span.parentId,
  name: span.name,
  started: nanos(span.startedMs),
  duration: nanos(span.durationMs),
  metadata: { ...span.attributes, ...(span.failed ? { error: 'true' } : {}) },
  type: span.kind === 'server' ? ('INBOUND' as const) : ('OUTBOUND' as const),
});

/** Adds up the pauses of garbage collection from now on. */
const watchGc = (): { pausedNanos(): bigint; close(): void } => {
  let pausedMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pausedMs += entry.duration;
  });
  observer.observe({ entryTypes: ['gc'] });
  return { pausedNanos: () => nanos(pausedMs), close: () => observer.disconnect() };
};
