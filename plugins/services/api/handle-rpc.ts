/** One HTTP request as one call: path, rules, registry, payload, answer. Streams answer one JSON text per line, each sent at once. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { checkCall } from '../../../internal/auth/check-call.ts';
import { tokenOf } from '../../../internal/auth/bearer.ts';
import { vouchedHeader, wantsVouching } from '../../../internal/auth/vouched-caller.ts';
import type { Auth } from '../../../internal/contract/auth.ts';
import type { Client, ClientOptions } from '../../../internal/contract/client.ts';
import { internal, isMicroError, notFound, toMicroError } from '../../../internal/contract/error.ts';
import type { Endpoint, Registry } from '../../../internal/contract/registry.ts';
import type { OpenCall } from '../../../internal/contract/open-call.ts';
import { endOf, type Exchange } from '../../../internal/http/http-server.ts';
import { type BodyBudget, readBody } from '../../../internal/http/request-body.ts';
import { errorText, sendContent } from '../../../internal/http/respond.ts';
import { joinAddress } from '../../../internal/rpc/address.ts';
import { parseTraceparent } from '../../../internal/trace/trace-context.ts';
import type { Tracer } from '../../../internal/trace/tracer.ts';
import { authorizationOf, forwardedMetadata, singleHeader } from './forward-headers.ts';
import { payloadOf } from './request-payload.ts';
import { type Resolved, resolvePath } from './resolve.ts';

export interface RpcNeeds {
  readonly auth: Auth;
  readonly registry: Registry;
  readonly client: Client;
  readonly tracer: Tracer;
  /** Requests on their way; this file keeps it. */
  readonly open: Set<OpenCall>;
  /** Bytes of all bodies that are held at one time. */
  readonly bodies: BodyBudget;
}

const id = 'go.micro.api';
const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/grpc+json']);

/** Answers the request, or throws what is to be answered. */
export const handleRpc = async (exchange: Exchange, needs: RpcNeeds): Promise<void> => {
  const { headers, url = '' } = exchange.request;
  const [path = '', ...query] = url.split('?');
  const target = resolvePath(path);
  const span = needs.tracer.start(`${target.service}.${target.endpoint}`, {
    kind: 'server',
    parent: parseTraceparent(single(headers.traceparent), single(headers.tracestate)),
    attributes: { 'http.request.method': exchange.request.method ?? '', 'url.path': path },
  });
  try {
    await span.run(() => callService(exchange, { needs, target, query: query.join('?') }));
    span.end();
  } catch (e) {
    const error = toApiError(endOf(exchange, e) ?? e);
    span.end(error.detail);
    throw error;
  }
};

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value);

/** What is no micro error is told in v3's words. */
const toApiError = (e: unknown) => {
  const error = toMicroError(e, id);
  if (isMicroError(e) || error.code !== 500) return error;
  return internal(id, `error during request: ${error.detail}`, { cause: e });
};

interface Requested {
  readonly needs: RpcNeeds;
  readonly target: Resolved;
  readonly query: string;
}

const callService = async (exchange: Exchange, requested: Requested): Promise<void> => {
  const { open } = requested.needs;
  const { service, endpoint } = requested.target;
  const authorization = authorizationOf(exchange.request);
  const call = { service, endpoint, authorization, isAnonymous: false, abort: exchange.cut };
  open.add(call);
  try {
    await callAs(call, exchange, requested);
  } finally {
    open.delete(call);
  }
};

const callAs = async (
  call: OpenCall & { isAnonymous: boolean },
  exchange: Exchange,
  { needs, target, query }: Requested,
): Promise<void> => {
  const { request, signal } = exchange;
  const { authorization } = call;
  const { namespace, account } = await checkCall({
    auth: needs.auth,
    ...target,
    authorization,
    namespaceHeader: singleHeader(request, 'micro-namespace'),
    signal,
  });
  call.isAnonymous = account === undefined;
  signal.throwIfAborted();
  const endpoint = await findEndpoint(needs.registry, target, { namespace, signal });
  const contentType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const body = await readBody(request, { id, signal, budget: needs.bodies, until: exchange.ended });
  const shape = endpoint?.request;
  const payload = payloadOf({ method: request.method ?? '', contentType, query, body, shape });
  const options: ClientOptions = {
    namespace,
    signal,
    token: tokenOf(authorization) ?? null,
    metadata: { ...forwardedMetadata(request), ...vouchedMetadata(needs.auth, { ...target, namespace, request }) },
    contentType: 'application/grpc+json',
  };
  const type = jsonTypes.has(contentType) ? contentType : 'application/json';
  const { service, endpoint: name } = target;
  if (endpoint?.metadata.stream === 'true')
    return answerStream(exchange, { type, messages: openStream(needs.client, { ...target, payload, options }) });
  const answer = await needs.client.call(service, name, payload, options);
  sendContent(exchange, { type, body: answer.length === 0 ? '{}' : answer });
};

/** The auth service is told from where its caller comes, and it alone. */
const vouchedMetadata = (
  auth: Auth,
  o: { readonly service: string; readonly namespace: string; readonly request: IncomingMessage },
): Readonly<Record<string, string>> => {
  if (!wantsVouching(o.service, o.namespace)) return {};
  const { remoteAddress = '', remotePort = 0 } = o.request.socket;
  const vouched = auth.vouch?.(joinAddress(remoteAddress, remotePort));
  return vouched === undefined ? {} : { [vouchedHeader]: vouched };
};

/** A hint lists endpoints up to this many characters. */
const hintCharsMax = 300;

/** The endpoint as registered; undefined when only the service itself can say whether it has it. */
const findEndpoint = async (
  registry: Registry,
  { service, endpoint }: Resolved,
  o: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<Endpoint | undefined> => {
  const versions = await registry.get(service, { domain: o.namespace, signal: o.signal });
  if (!versions.some((version) => version.nodes.length > 0))
    throw notFound(id, 'service not found', { hint: `no service ${service} runs in namespace ${o.namespace}` });
  const endpoints = versions.flatMap((version) => version.endpoints);
  const found = endpoints.find((e) => e.name === endpoint);
  // Debug is served by everybody and listed by nobody; a service that lists nothing answers for itself.
  if (found === undefined && endpoints.length > 0 && !endpoint.startsWith('Debug.')) {
    const hint = `${service} has: ${endpoints.map((e) => e.name).join(', ')}`.slice(0, hintCharsMax);
    throw notFound(id, `endpoint ${endpoint} not found for service ${service}`, { hint });
  }
  return found;
};

interface StreamCall extends Resolved {
  readonly payload: Uint8Array;
  readonly options: ClientOptions;
}

async function* openStream(client: Client, call: StreamCall): AsyncGenerator<Uint8Array> {
  const stream = client.stream(call.service, call.endpoint, call.options);
  await stream.send(call.payload);
  stream.end();
  yield* stream;
}

const newline = Buffer.from('\n');

/** Each message goes out as it comes. An error before the first is the answer; one after it is the last line, and the connection is cut. */
const answerStream = async (
  exchange: Exchange,
  o: { readonly type: string; readonly messages: AsyncIterable<Uint8Array> },
): Promise<void> => {
  const { response, signal } = exchange;
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': o.type });
  };
  try {
    for await (const message of o.messages) {
      begin();
      if (!response.write(Buffer.concat([message, newline]))) await once(response, 'drain', { signal });
    }
  } catch (e) {
    const error = endOf(exchange, e);
    // Who does not read is not waited for.
    if (response.headersSent && error !== undefined && !response.writableNeedDrain) {
      await new Promise<void>((resolve) => response.write(`${errorText(toApiError(error))}\n`, () => resolve()));
    }
    throw e;
  }
  begin();
  response.end();
};
