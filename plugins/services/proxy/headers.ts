/** Headers as the proxy reads and writes them: what is checked, dropped, added. Pure. */

import {
  badRequest,
  type Hint,
  type MicroError,
  type MicroErrorJson,
  microError,
} from '../../../internal/contract/error.ts';
import { vouchedHeader } from '../../../internal/auth/vouched-caller.ts';
import { isRouteNotFound } from '../../../internal/contract/router.ts';
import { editBlock } from '../../../internal/h2/edit-block.ts';
import { type HeaderBlock, fieldValue } from '../../../internal/h2/header-block.ts';
import { encodeFields } from '../../../internal/h2/hpack/encoder.ts';
import { http1Error } from '../../../internal/http/refuse-plain-text.ts';
import { parseGrpcTimeout } from '../../../internal/rpc/grpc-timeout.ts';
import { parseTimeoutHeader } from '../../../internal/rpc/metadata.ts';
import { malformedPath, parsePath, type RpcPath } from '../../../internal/rpc/path.ts';
import { trailersOfError } from '../../../internal/rpc/status.ts';

export const proxyErrorId = 'go.micro.proxy';

/** A request the proxy may forward. */
export interface ProxyRequest {
  readonly path: RpcPath;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
  /** The messages are JSON by the content type. */
  readonly isJson: boolean;
  /** Milliseconds the caller waits at most; undefined without a deadline. */
  readonly timeoutMs: number | undefined;
}

const grpcType = /^application\/grpc(\+[a-z0-9.-]+)?(\s*;.*)?$/i;

const jsonType = /^application\/grpc\+json(\s*;.*)?$/i;

/** Whether the peer speaks gRPC at all; others get an HTTP answer. */
export const isGrpc = (block: HeaderBlock): boolean =>
  fieldValue(block, ':method') === 'POST' && grpcType.test(fieldValue(block, 'content-type') ?? '');

/** What an HTTP client gets that came to the wrong port. */
export const notGrpc = (block: HeaderBlock): MicroError =>
  microError(415, proxyErrorId, `Unsupported Content-Type: ${fieldValue(block, 'content-type') ?? ''}`, {
    hint: 'this port speaks gRPC; the HTTP API has a port of its own (8080 by default)',
  });

/** Throws badRequest with v3's words for a path that is not `/<service>.<Type>/<Method>`, or that names no service. */
export const parseRequest = (block: HeaderBlock): ProxyRequest => {
  const text = fieldValue(block, ':path') ?? '';
  const path = parsePath(text);
  if (path === undefined) throw badRequest(proxyErrorId, malformedPath(text));
  if (path.service === '') throw badRequest(proxyErrorId, 'service name is blank');
  return {
    path,
    authorization: single(block, 'authorization'),
    namespaceHeader: single(block, 'micro-namespace'),
    isJson: jsonType.test(fieldValue(block, 'content-type') ?? ''),
    timeoutMs: timeoutOf(block),
  };
};

/** Two values of a header that decides would be checked as one and read by the service as another. */
const single = (block: HeaderBlock, name: string): string | undefined => {
  let found: string | undefined;
  for (const field of block.fields) {
    if (field.name !== name) continue;
    if (found !== undefined) throw badRequest(proxyErrorId, `header ${name} was sent more than once`);
    found = field.value;
  }
  return found;
};

/** The earlier of the two deadlines a caller may send. What cannot be read is left to the service. */
const timeoutOf = (block: HeaderBlock): number | undefined => {
  const grpc = fieldValue(block, 'grpc-timeout');
  const grpcMs = grpc === undefined ? undefined : parseGrpcTimeout(grpc);
  const microMs = parseTimeoutHeader(fieldValue(block, 'timeout'));
  if (grpcMs === undefined || microMs === undefined) return grpcMs ?? microMs;
  return Math.min(grpcMs, microMs);
};

export interface RequestEdit {
  readonly namespace: string;
  readonly traceparent: string;
  /** The node's own path for the call, where that is another one. */
  readonly path?: string;
  /** The token was meant for us and says nothing to the node. */
  readonly dropToken?: boolean;
  /** Stands for the caller's address. */
  readonly vouched?: string;
}

/** The request as it goes to a node: everything stays as it came, the namespace that was decided and the span are written in. */
export const requestBlock = (block: HeaderBlock, edit: RequestEdit): Buffer => {
  const added: (readonly [string, string])[] = [['traceparent', edit.traceparent]];
  if (edit.vouched !== undefined) added.push([vouchedHeader, edit.vouched]);
  return Buffer.concat([keptBytes(block, edit), encodeFields(added)]);
};

/** What is the same for every call that comes with this block. */
interface Kept extends Omit<RequestEdit, 'traceparent' | 'vouched'> {
  readonly bytes: Buffer;
}

const keptBytes = (block: HeaderBlock, { namespace, path, dropToken }: RequestEdit): Buffer => {
  const known = block.note as Kept | undefined;
  if (known?.namespace === namespace && known.path === path && known.dropToken === dropToken) return known.bytes;
  const sameNamespace = fieldValue(block, 'micro-namespace') === namespace;
  const add: (readonly [string, string])[] = [];
  if (!sameNamespace) add.push(['micro-namespace', namespace]);
  // Servers may insist on one.
  if (fieldValue(block, ':authority') === undefined && fieldValue(block, 'host') === undefined)
    add.push([':authority', 'localhost']);
  if (fieldValue(block, 'te') === undefined) add.push(['te', 'trailers']);
  if (path !== undefined) add.push([':path', path]);
  const drop = (name: string): boolean =>
    name === 'traceparent' ||
    name === vouchedHeader ||
    (name === 'micro-namespace' && !sameNamespace) ||
    (name === ':path' && path !== undefined) ||
    (name === 'authorization' && dropToken === true);
  const kept: Kept = { namespace, path, dropToken, bytes: editBlock(block, { drop, add }).bytes };
  block.note = kept;
  return kept.bytes;
};

/** The answer to a browser or HTTP client: the headers before the error as JSON. */
export const httpErrorBlock = (length: number): Buffer =>
  encodeFields([
    [':status', '415'],
    ['content-type', 'application/json'],
    ['content-length', String(length)],
    ['grpc-status', '3'],
  ]);

/** What gRPC means by a service that nobody has; v3's peers read the JSON, which says 500 as ever. */
const unimplemented = 12;

/** The same for a client that does not even speak HTTP/2. */
export const http1Answer = (): Buffer =>
  http1Error(
    microError(400, proxyErrorId, 'this port speaks HTTP/2', {
      hint: 'it is for gRPC; the HTTP API has a port of its own (8080 by default)',
    }),
  );

/** An error as trailers alone, or behind headers that have gone out. */
export const errorBlock = (error: MicroErrorJson & Hint, contentType: string | undefined): Buffer => {
  const trailers = Object.entries(trailersOfError(error, isRouteNotFound(error) ? unimplemented : undefined));
  if (contentType === undefined) return encodeFields(trailers);
  return encodeFields([[':status', '200'], ['content-type', contentType], ...trailers]);
};
