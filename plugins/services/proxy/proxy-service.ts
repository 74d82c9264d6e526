/** The gRPC proxy: an HTTP/2 listener that checks each call and passes its frames on to a node. Owns its listener and the connections behind it; decodes no message. */

import { setTimeout as sleep } from 'node:timers/promises';

import { cutEndedCalls } from '../../../internal/auth/cut-ended-calls.ts';
import { unavailable } from '../../../internal/contract/error.ts';
import { drainMs, goodbyeMs, nodeSilentMs } from '../../../internal/contract/limits.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { type ConnectionLimits, connectionLimits } from '../../../internal/h2/connection-limits.ts';
import { createMessageMemory } from '../../../internal/rpc/message-memory.ts';
import { checkTlsSettings } from '../../../internal/tls/check-settings.ts';
import { loadTracer } from '../../../internal/trace/tracer.ts';
import { answerCall, type ProxyState } from './answer-call.ts';
import { http1Answer, proxyErrorId } from './headers.ts';
import { createNodeConnections } from './node-connections.ts';
import { type OpenPorts, openPorts } from './open-ports.ts';
import type { config, needs } from './plugin.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const create = (ctx: Context): ServiceInstance => {
  const onFault = (error: unknown): void => ctx.log.error('proxy failed', { error: faultText(error) });
  let proxy: ProxyState | undefined;
  let ports: OpenPorts | undefined;
  const tls = checkTlsSettings(ctx.config, ctx.config.address);
  let letCallsBe = (): void => undefined;

  return {
    handlers: [],
    listeners: () => ports?.rows ?? [],
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
      ports = await openPorts(ctx, tls, {
        connectionsMax: ctx.config.connections_max,
        limits: callerLimits(ctx.config),
        now: ctx.now,
        http1Answer: http1Answer(),
        onStream: (stream, block, endStream) => answerCall(started, { stream, block, endStream }),
        onFault,
      });
      letCallsBe = cutEndedCalls({ auth: ctx.needs.auth, open: () => started.calls, log: ctx.log });
    },
    stop: async (deadline) => {
      if (ports === undefined || proxy === undefined) return;
      const { calls, locals, nodes } = proxy;
      ports.drain();
      for (const local of locals) local.cut('streams');
      await drained(ports, AbortSignal.any([deadline, AbortSignal.timeout(drainMs)]));
      if (ports.streamCount > 0) {
        for (const call of calls) call.fail(unavailable(proxyErrorId, 'proxy is stopping'));
        for (const local of locals) local.cut('all');
        await drained(ports, AbortSignal.timeout(goodbyeMs));
      }
      letCallsBe();
      await ports.close();
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

/** How often a stopping proxy looks whether calls are left. */
const drainPollMs = 5;

/** Waits until no call is left or the limit fires. */
const drained = async (ports: OpenPorts, limit: AbortSignal): Promise<void> => {
  while (ports.streamCount > 0 && !limit.aborted) await sleep(drainPollMs);
};
