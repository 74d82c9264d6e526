/**
 * Carries JSON calls to plain gRPC servers, which read protobuf only: the request is translated by the server's own descriptors, the answer back. The
 * proxy and the direct client send here what they cannot send there. Owns no connection; whoever calls was checked before.
 */

import { tokenOf } from '../../../internal/auth/bearer.ts';
import { badRequest, internal, isMicroError, notImplemented } from '../../../internal/contract/error.ts';
import type { BidiHandler, CallContext, Codec } from '../../../internal/contract/handler.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { isForeign, fullNamesAt, typesOf } from '../../../internal/rpc/foreign-node.ts';
import { foreignCodec } from '../../../internal/schema/foreign-codec.ts';
import type { MethodData } from '../../../internal/schema/schema-data.ts';
import type { Descriptions } from './descriptions.ts';
import type { GrpcContext } from './service.ts';

/** Takes any endpoint; the messages stay JSON text until the method is known. */
export const jsonCalls = (grpc: GrpcContext, descriptions: Descriptions): BidiHandler<string, string> => ({
  kind: 'bidi',
  endpoint: '*.*',
  internal: true,
  request: jsonText,
  response: jsonText,
  describe: () => ({ request: noShape, response: noShape }),
  handle: async function* (requests, ctx) {
    try {
      yield* carry(grpc, await targetOf(grpc, descriptions, ctx), requests, ctx);
    } catch (e) {
      throw inProxyWords(e);
    }
  },
});

const noShape = { name: '', type: '', values: [] };

const onlyJson = (): never => {
  throw badRequest('go.micro.grpc', 'only calls in JSON are translated here');
};
const jsonText: Codec<string> = {
  decode: onlyJson,
  encode: onlyJson,
  fromJson: (text) => text,
  toJson: (text) => text,
};

interface Target {
  readonly path: string;
  readonly kind: MethodData['kind'];
  readonly request: Codec;
  readonly response: Codec;
}

/** The method behind `Type.Method` of the service. Throws notImplemented in v3's words for what is not there. */
const targetOf = async (grpc: GrpcContext, descriptions: Descriptions, ctx: CallContext): Promise<Target> => {
  const { service, endpoint, namespace, signal } = ctx;
  const [type = '', method = ''] = endpoint.split('.');
  const versions = await grpc.needs.registry.get(service, { domain: namespace, signal });
  const fullName = typesOf(foreignNames(versions)).get(type);
  if (fullName === undefined) throw notImplemented(service, `unknown service ${type}`);
  const owner = { name: service, versions };
  const schema = (await descriptions.of({ namespace, owner, fullName })).schema();
  const found = schema.services.get(fullName)?.get(method);
  if (found === undefined) throw notImplemented(service, `unknown service ${endpoint}`);
  return {
    path: `/${fullName}/${method}`,
    kind: found.kind,
    request: foreignCodec(schema, found.request),
    response: foreignCodec(schema, found.response),
  };
};

const foreignNames = (versions: readonly Service[]): readonly string[] => [
  ...new Set(versions.flatMap((v) => v.nodes.filter(isForeign).flatMap(fullNamesAt))),
];

/** Metadata of the hop that ends here; the client writes its own. */
const ofThisHop = /^(micro-namespace|authorization|traceparent|tracestate|host)$/;

const carry = async function* (
  { needs }: GrpcContext,
  { path, kind, request, response }: Target,
  requests: AsyncIterable<string>,
  ctx: CallContext,
): AsyncGenerator<string> {
  const stream = needs.client.stream(ctx.service, path, {
    namespace: ctx.namespace,
    signal: ctx.signal,
    // A token that made an account was meant for us; the server is not ours.
    token: ctx.account === undefined ? (tokenOf(ctx.metadata.authorization) ?? null) : null,
    metadata: Object.fromEntries(Object.entries(ctx.metadata).filter(([key]) => !ofThisHop.test(key))),
  });
  const isSingle = kind === 'unary' || kind === 'server-stream';
  let refused: unknown;
  const sendAll = async (): Promise<void> => {
    const texts = requests[Symbol.asyncIterator]();
    // Who sends one request may leave the call open, as Go's clients do.
    for (let next = await texts.next(); next.done !== true; next = await texts.next()) {
      await stream.send(request.encode(request.fromJson(next.value)));
      if (isSingle) break;
    }
    stream.end();
  };
  const sending = sendAll().catch((e: unknown) => {
    refused = e;
    stream.cancel();
  });
  try {
    for await (const bytes of stream) yield response.toJson(response.decode(bytes));
    // A server may answer before everything was sent: what is left is of no use to it.
    if (isSingle) await sending;
  } catch (e) {
    throw refused ?? e;
  } finally {
    stream.cancel();
  }
};

/** A server that cannot be reached is told as the proxy tells it: it is not micro's own server that is missing. */
const inProxyWords = (e: unknown): unknown => {
  const dial = isMicroError(e) ? /^connection error: .*Error while dialing (.*)"$/.exec(e.detail)?.[1] : undefined;
  return dial === undefined ? e : internal('go.micro.grpc', `Error creating stream: ${dial}`, { cause: e });
};
