/** Headers as the proxy passes them on: what is checked, dropped, added. Pure. */

import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';

import { badRequest, type MicroError, microError } from '../../../internal/contract/error.ts';
import { malformedPath, parsePath, type RpcPath } from '../../../internal/rpc/path.ts';

export const proxyErrorId = 'go.micro.proxy';

/** A request the proxy may forward. */
export interface ProxyRequest {
  readonly path: RpcPath;
  /** The path exactly as it came. */
  readonly text: string;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
}

const grpcType = /^application\/grpc(\+[a-z0-9.-]+)?(\s*;.*)?$/i;

/** Whether the peer speaks gRPC at all; others get an HTTP answer. */
export const isGrpc = (headers: IncomingHttpHeaders): boolean =>
  headers[':method'] === 'POST' && grpcType.test(headers['content-type'] ?? '');

/** What an HTTP client gets that came to the wrong port. */
export const notGrpc = (headers: IncomingHttpHeaders): MicroError =>
  microError(415, proxyErrorId, `Unsupported Content-Type: ${headers['content-type'] ?? ''}`, {
    hint: 'this port speaks gRPC; the HTTP API has a port of its own (8080 by default)',
  });

/** Throws badRequest with v3's words for a path that is not `/<service>.<Type>/<Method>`, or that names no service. */
export const parseRequest = (headers: IncomingHttpHeaders): ProxyRequest => {
  const text = headers[':path'] ?? '';
  const path = parsePath(text);
  if (path === undefined) throw badRequest(proxyErrorId, malformedPath(text));
  if (path.service === '') throw badRequest(proxyErrorId, 'service name is blank');
  return {
    path,
    text,
    authorization: single(headers, 'authorization'),
    namespaceHeader: single(headers, 'micro-namespace'),
  };
};

/** Two values of a header that decides would be checked as one and read by the service as another. */
const single = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  if (Array.isArray(value)) throw badRequest(proxyErrorId, `header ${name} was sent ${value.length} times`);
  return value;
};

const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
  'http2-settings',
]);

const passOn = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => {
  const out: OutgoingHttpHeaders = Object.create(null);
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(':') && !dropped.has(name)) out[name] = value;
  return out;
};

/** The request as it goes to a node: all metadata stays, the namespace that was decided and the span are written in. */
export const requestHeaders = (
  headers: IncomingHttpHeaders,
  o: { readonly path: string; readonly authority: string; readonly namespace: string; readonly traceparent: string },
): OutgoingHttpHeaders => {
  const out = passOn(headers);
  out[constants.HTTP2_HEADER_METHOD] = 'POST';
  out[constants.HTTP2_HEADER_SCHEME] = 'http';
  out[constants.HTTP2_HEADER_PATH] = o.path;
  out[constants.HTTP2_HEADER_AUTHORITY] = o.authority;
  out.te = 'trailers';
  out['micro-namespace'] = o.namespace;
  out.traceparent = o.traceparent;
  return out;
};

/** Response headers or trailers as they go back. */
export const responseHeaders = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => {
  const out = passOn(headers);
  if (headers[':status'] !== undefined) out[':status'] = headers[':status'];
  return out;
};
