/** The HTTP API: version, CORS and one call per path. Owns its listener; knows no service's messages. */

import { cutEndedCalls } from '../../../internal/auth/cut-ended-calls.ts';
import type { OpenCall } from '../../../internal/contract/open-call.ts';
import { refuseKnownAdmin } from '../../../internal/auth/known-admin.ts';
import { checkOrigin, isLoopbackName, type OriginPolicy } from '../../../internal/http/origin.ts';
import { createHttpServer, type Exchange, type HttpServer } from '../../../internal/http/http-server.ts';
import { createBodyBudget } from '../../../internal/http/request-body.ts';
import { refusePlainText } from '../../../internal/http/refuse-plain-text.ts';
import { sendContent } from '../../../internal/http/respond.ts';
import { microError } from '../../../internal/contract/error.ts';
import { bodiesBytesMax } from '../../../internal/contract/limits.ts';
import type { Listener } from '../../../internal/contract/listener.ts';
import { isLoopbackAddress } from '../../../internal/contract/loopback.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { joinAddress, splitAddress } from '../../../internal/rpc/address.ts';
import { checkTlsSettings } from '../../../internal/tls/check-settings.ts';
import { isSecure } from '../../../internal/tls/is-secure.ts';
import type { OpenedDoor } from '../../../internal/tls/open-door.ts';
import { loadTracer, type Tracer } from '../../../internal/trace/tracer.ts';
import { singleHeader } from './forward-headers.ts';
import { handleRpc } from './handle-rpc.ts';
import type { config, needs } from './plugin.ts';

export type ApiContext = PluginContext<typeof config, typeof needs>;

const id = 'go.micro.api';
const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

export const create = (ctx: ApiContext): ServiceInstance => {
  let tracer: Tracer | undefined;
  let server: HttpServer | undefined;
  let opened: OpenedDoor | undefined;
  let row: Listener | undefined;
  const { address } = ctx.config;
  const tls = checkTlsSettings(ctx.config, address);
  const exposed = !isLoopbackAddress(address);
  const at = listenAddress(address);
  const policy: OriginPolicy = {
    id,
    loopback: isLoopbackName(at.host),
    origins: ctx.config.cors_origins ?? [],
    // Somebody may lead port 443 to this listener on loopback: the names of its certificate are its own.
    hosts: [...(ctx.config.hosts ?? []), ...(ctx.config.enable_acme ? (ctx.config.acme_hosts ?? []) : [])],
  };
  const bodies = createBodyBudget(bodiesBytesMax);
  const open = new Set<OpenCall>();
  let letCallsBe = (): void => undefined;
  const handle = async (exchange: Exchange): Promise<void> => {
    // Where others must use TLS, plain text comes over loopback: a foreign name must not lead a browser of this machine there.
    admit(exchange, opened === undefined || isSecure(exchange.request.socket) ? policy : { ...policy, loopback: true });
    if (await answerItself(exchange, ctx.needs.host.version)) return;
    if (!methods.has(exchange.request.method ?? ''))
      throw microError(405, id, `method ${exchange.request.method} is not allowed`);
    tracer ??= await loadTracer({ now: ctx.now });
    await handleRpc(exchange, { ...ctx.needs, tracer, open, bodies });
  };
  return {
    handlers: [],
    listeners: () => (row === undefined ? [] : [row]),
    start: async () => {
      if (exposed) await refuseKnownAdmin({ ...ctx.needs, address });
      tracer = await loadTracer({ now: ctx.now });
      opened = tls ? await openDoor(ctx, at.host) : undefined;
      server = createHttpServer({ id, log: ctx.log, door: opened?.door, handle });
      row = rowOf(await server.listen(at), opened, exposed);
      letCallsBe = cutEndedCalls({ auth: ctx.needs.auth, open: () => open, log: ctx.log });
    },
    stop: async (deadline) => {
      await opened?.close();
      await server?.close(deadline);
      letCallsBe();
    },
  };
};

const openDoor = async ({ config, needs, log, now }: ApiContext, bindHost: string): Promise<OpenedDoor> => {
  const { openTlsDoor } = await import('../../../internal/tls/open-door.ts');
  const refusal = (start: Buffer): Buffer | undefined => refusePlainText(id, start);
  return openTlsDoor({ settings: config, host: needs.host, bindHost, protocols: ['http/1.1'], refusal, log, now });
};

const rowOf = (address: string, opened: OpenedDoor | undefined, exposed: boolean): Listener => {
  const common = { name: 'api', address, auth: true };
  if (opened === undefined) return { ...common, protocol: 'HTTP/1.1' };
  const { host, fingerprint } = opened;
  const url = `https://${joinAddress(host, splitAddress(address).port ?? '')}`;
  return {
    ...common,
    protocol: 'HTTP/1.1 (TLS)',
    ...(exposed ? { url } : {}),
    ...(fingerprint === undefined ? {} : { fingerprint }),
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
