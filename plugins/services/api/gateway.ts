/** The HTTP API: version, CORS and one call per path. Owns its listener; knows no service's messages. */

import { checkOrigin, isLoopbackName, type OriginPolicy } from '../../../internal/http/origin.ts';
import { createHttpServer, type Exchange } from '../../../internal/http/http-server.ts';
import { createBodyBudget } from '../../../internal/http/request-body.ts';
import { sendContent } from '../../../internal/http/respond.ts';
import { microError } from '../../../internal/contract/error.ts';
import { bodiesBytesMax } from '../../../internal/contract/limits.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';
import { loadTracer, type Tracer } from '../../../internal/trace/tracer.ts';
import { singleHeader } from './forward-headers.ts';
import { handleRpc } from './handle-rpc.ts';
import type { config, needs } from './plugin.ts';

export type ApiContext = PluginContext<typeof config, typeof needs>;

const id = 'go.micro.api';
const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

export const create = (ctx: ApiContext): ServiceInstance => {
  let bound: string | undefined;
  let tracer: Tracer | undefined;
  const at = listenAddress(ctx.config.address);
  const policy: OriginPolicy = {
    id,
    loopback: isLoopbackName(at.host),
    origins: ctx.config.cors_origins ?? [],
    hosts: ctx.config.hosts ?? [],
  };
  const bodies = createBodyBudget(bodiesBytesMax);
  const server = createHttpServer({
    id,
    log: ctx.log,
    handle: async (exchange) => {
      admit(exchange, policy);
      if (await answerItself(exchange, ctx.needs.host.version)) return;
      if (!methods.has(exchange.request.method ?? ''))
        throw microError(405, id, `method ${exchange.request.method} is not allowed`);
      tracer ??= await loadTracer({ now: ctx.now });
      await handleRpc(exchange, { ...ctx.needs, tracer, bodies });
    },
  });
  return {
    handlers: [],
    listeners: () => (bound === undefined ? [] : [{ name: 'api', address: bound, protocol: 'HTTP/1.1', auth: true }]),
    start: async () => {
      tracer = await loadTracer({ now: ctx.now });
      bound = await server.listen(at);
    },
    stop: (deadline) => server.close(deadline),
  };
};

/** `:8080` means every interface, as in Go. */
const listenAddress = (address: string): { host: string; port: number } => {
  const { host, port } = splitAddress(address);
  return { host: host === '' ? '0.0.0.0' : host, port: Number(port ?? 0) };
};

/** Refuses what must not be answered at all; leaves the CORS headers on what may. */
const admit = ({ request, response }: Exchange, policy: OriginPolicy): void => {
  response.setHeader('Vary', 'Origin');
  const host = singleHeader(request, 'host');
  const origin = singleHeader(request, 'origin');
  for (const [name, value] of Object.entries(checkOrigin({ host, origin }, policy))) response.setHeader(name, value);
};

/** What the gateway answers without any service. */
const answerItself = async (exchange: Exchange, version: string): Promise<boolean> => {
  const { method, url } = exchange.request;
  const type = 'text/plain; charset=utf-8';
  if (method === 'OPTIONS') sendContent(exchange, { type, body: '' });
  else if ((method === 'GET' || method === 'HEAD') && pathOf(url) === '/')
    sendContent(exchange, { type, body: `{"version": ${JSON.stringify(`v${version}`)}}` });
  else if (pathOf(url) === '/favicon.ico') sendContent(exchange, { type, body: '' });
  else return false;
  return true;
};

const pathOf = (url: string | undefined): string => (url ?? '').split('?', 1)[0] ?? '';
