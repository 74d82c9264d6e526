/** The gRPC proxy: an HTTP/2 listener that checks each call and passes its frames on to a node. Owns its listener and the connections behind it; decodes no message. */

import { setTimeout as sleep } from 'node:timers/promises';

import { internal, unavailable } from '../../../internal/contract/error.ts';
import { drainMs, goodbyeMs, nodeSilentMs } from '../../../internal/contract/limits.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { type ConnectionLimits, connectionLimits } from '../../../internal/h2/connection-limits.ts';
import { createListener, type Listener } from '../../../internal/h2/listener.ts';
import { joinAddress, splitAddress } from '../../../internal/rpc/address.ts';
import { createMessageMemory } from '../../../internal/rpc/message-memory.ts';
import { loadTracer } from '../../../internal/trace/tracer.ts';
import { answerCall, type ProxyState } from './answer-call.ts';
import { http1Answer, proxyErrorId } from './headers.ts';
import { createNodeConnections } from './node-connections.ts';
import type { config, needs } from './plugin.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const create = (ctx: Context): ServiceInstance => {
  const onFault = (error: unknown): void => ctx.log.error('proxy failed', { error: faultText(error) });
  let proxy: ProxyState | undefined;
  let listener: Listener | undefined;
  let bound: string | undefined;

  return {
    handlers: [],
    listeners: () =>
      bound === undefined ? [] : [{ name: 'proxy', address: bound, protocol: 'gRPC (HTTP/2, plain text)', auth: true }],
    start: async () => {
      const nodes = createNodeConnections({
        now: ctx.now,
        limits: nodeLimits(ctx.config),
        unresponsive: (address) => ctx.needs.router.report(address, 'failed'),
        onFault,
      });
      const tracer = await loadTracer({ now: ctx.now });
      const memory = createMessageMemory(Number(ctx.config.messages_bytes_max));
      const started: ProxyState = { ctx, nodes, tracer, memory, calls: new Set(), locals: new Set() };
      proxy = started;
      listener = createListener({
        connectionsMax: ctx.config.connections_max,
        limits: callerLimits(ctx.config),
        now: ctx.now,
        http1Answer: http1Answer(),
        onStream: (stream, block, endStream) => answerCall(started, { stream, block, endStream }),
        onFault,
      });
      bound = await listen(listener, ctx.config.address);
    },
    stop: async (deadline) => {
      if (listener === undefined || proxy === undefined) return;
      const { calls, locals, nodes } = proxy;
      listener.drain();
      for (const local of locals) local.cut('streams');
      await drained(listener, AbortSignal.any([deadline, AbortSignal.timeout(drainMs)]));
      if (listener.streamCount > 0) {
        for (const call of calls) call.fail(unavailable(proxyErrorId, 'proxy is stopping'));
        for (const local of locals) local.cut('all');
        await drained(listener, AbortSignal.timeout(goodbyeMs));
      }
      await listener.close();
      nodes.close();
    },
  };
};

const callerLimits = (config: Context['config']): ConnectionLimits => ({
  ...connectionLimits,
  streamsMax: config.streams_max,
  streamWindowBytes: config.stream_window,
  connectionWindowBytes: config.connection_window,
  headerBytesMax: config.header_bytes_max,
  resetsMax: config.resets_max,
  resetsPerSecond: config.resets_per_second,
  controlFramesMax: config.control_frames_max,
  controlFramesPerSecond: config.control_frames_per_second,
  handshakeMs: config.handshake_timeout,
  frameTimeoutMs: config.frame_timeout,
  idleMs: config.idle_timeout,
  stalledMs: config.stalled_timeout,
});

/** Calls of many callers share a connection to a node: one that is not read must not stop the others, and a node may be busy for a while. */
const nodeLimits = (config: Context['config']): ConnectionLimits => ({
  ...connectionLimits,
  streamsMax: 0,
  streamWindowBytes: config.stream_window,
  connectionWindowBytes: undefined,
  handshakeMs: nodeSilentMs,
  settingsTimeoutMs: nodeSilentMs,
});

const faultText = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const listen = async (listener: Listener, address: string): Promise<string> => {
  const { host, port } = splitAddress(address);
  try {
    const bound = await listener.listen(host === '' ? undefined : host, Number(port ?? 0));
    return joinAddress(host === '' ? '0.0.0.0' : host, bound.port);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw internal('proxy', `cannot listen on ${address}: ${reason}`, { cause });
  }
};

/** How often a stopping proxy looks whether calls are left. */
const drainPollMs = 5;

/** Waits until no call is left or the limit fires. */
const drained = async (listener: Listener, limit: AbortSignal): Promise<void> => {
  while (listener.streamCount > 0 && !limit.aborted) await sleep(drainPollMs);
};
