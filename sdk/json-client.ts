/**
 * Calls other services with plain objects: JSON over gRPC, so that no foreign schema is needed here.
 * Owns the translation and what a call inherits from the one being served; routing and retries belong to the client slot.
 */

import { internal } from '../internal/contract/error.ts';
import type { Client as ByteClient, ClientOptions, ClientStream } from '../internal/contract/client.ts';

/** A message as JSON has it: 64-bit numbers are texts, bytes are base64 texts, field names are those of the proto file. */
export type Json = Readonly<Record<string, unknown>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; default 10 s for calls, none for streams. The caller's own deadline holds as well. */
  readonly timeoutMs?: number;
  /** Namespace of the service that is called; default: that of the call being served, else the service's own. */
  readonly namespace?: string;
  /** Call as the service itself instead of on behalf of whoever called it. */
  readonly authToken?: boolean;
  /** Sent in addition to what is inherited; keys lower-case. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** `host:port` to call instead of looking the service up. */
  readonly address?: string;
}

/** A stream in flight. Iterating yields messages; leaving the loop cancels the call. */
export interface JsonStream<Rsp = Json> extends AsyncIterable<Rsp> {
  /** Resolves when there is room for more. bigint and Uint8Array values are allowed. */
  send(message: object): Promise<void>;
  /** Says that nothing more will be sent. */
  end(): void;
  cancel(): void;
}

export interface Client {
  /** One request, one response: `call('helloworld', 'Helloworld.Call', { name: 'John' })`. Throws MicroError. */
  call<Rsp = Json>(service: string, endpoint: string, request?: object, o?: CallOptions): Promise<Rsp>;
  /** A stream of any kind; a request that is given is sent first. */
  stream<Rsp = Json>(service: string, endpoint: string, request?: object, o?: CallOptions): JsonStream<Rsp>;
}

/** What a call made inside a handler takes over from the call being served. */
export interface Inherited {
  readonly namespace: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** `inherited` undefined: the service calls on its own behalf. */
export const createJsonClient = (bytes: ByteClient, inherited?: Inherited): Client => ({
  call: async <Rsp>(service: string, endpoint: string, request: object = {}, o: CallOptions = {}) => {
    const answer = await bytes.call(service, endpoint, encodeJson(request), callOptions(o, inherited));
    return decodeJson(answer, `${service} ${endpoint}`) as Rsp;
  },
  stream: <Rsp>(service: string, endpoint: string, request?: object, o: CallOptions = {}) => {
    const stream = bytes.stream(service, endpoint, callOptions(o, inherited));
    return jsonStream<Rsp>(stream, `${service} ${endpoint}`, request);
  },
});

/** Metadata that describes the hop it came over, not the call: it must not travel on. */
const perHop =
  /^(:.*|grpc-.*|content-.*|x-content-type|timeout|user-agent|te|host|connection|remote|traceparent|tracestate|micro-namespace|authorization)$/;

const callOptions = (o: CallOptions, inherited: Inherited | undefined): ClientOptions => {
  const own = { timeoutMs: o.timeoutMs, address: o.address, contentType: 'application/grpc+json' } as const;
  if (!inherited) return { ...own, namespace: o.namespace, signal: o.signal, metadata: o.metadata };
  const { authorization } = inherited.metadata;
  const passedOn = Object.entries(inherited.metadata).filter(([name]) => !perHop.test(name));
  return {
    ...own,
    namespace: o.namespace ?? inherited.namespace,
    signal: o.signal ? AbortSignal.any([o.signal, inherited.signal]) : inherited.signal,
    metadata: { ...Object.fromEntries(passedOn), ...o.metadata },
    // Undefined means the client's own token, null means none: without an account we do not lend ours.
    token: o.authToken ? undefined : (bearerOf(authorization) ?? null),
  };
};

/** The token of a Bearer header, or the password of a Basic one (wire.md 5.7). */
const bearerOf = (authorization: string | undefined): string | undefined => {
  const [scheme, value = ''] = (authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1) || undefined;
};

const jsonStream = <Rsp>(stream: ClientStream, name: string, first: object | undefined): JsonStream<Rsp> => {
  // The first message's fate shows in the answers: whoever reads them sees the same failure.
  const sent = first === undefined ? Promise.resolve() : stream.send(encodeJson(first));
  sent.catch(() => stream.cancel());
  return {
    send: async (message) => {
      await sent;
      await stream.send(encodeJson(message));
    },
    end: () => stream.end(),
    cancel: () => stream.cancel(),
    [Symbol.asyncIterator]: async function* () {
      for await (const message of stream) yield decodeJson(message, name) as Rsp;
    },
  };
};

const encodeJson = (message: object): Uint8Array => Buffer.from(JSON.stringify(message, replacer));

/** JSON has no 64-bit integers and no bytes: texts, as protobuf's JSON wants them. */
const replacer = function (this: Record<string, unknown>, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  // Buffer has a toJSON of its own, which ran already: look at what stood there before.
  const raw = this[key];
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value;
};

const decodeJson = (bytes: Uint8Array, name: string): unknown => {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {};
  } catch (cause) {
    throw internal('go.micro.client', `${name} answered something that is not JSON`, { cause });
  }
};
