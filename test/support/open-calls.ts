/** Calls that stay open, by gRPC and over HTTP: what has come so far, and how they end. Owns nothing beyond its calls; sessions are the caller's. */

import { request as httpRequest } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';

import { frame } from '../conformance/raw-grpc.ts';

export interface HeldCall {
  /** Messages (or lines) that have come. */
  received(): number;
  /** How it ended: the error's JSON, `ok`, or what broke it; undefined while it is open. */
  end(): { readonly code?: number; readonly reason?: string; readonly text: string } | undefined;
  /** Sends one more message, where the call can. */
  send(message: object): void;
  close(): void;
}

export interface HoldOptions {
  readonly service: string;
  readonly endpoint: string;
  readonly token: string;
  /** The first message; none where the caller says nothing yet. */
  readonly request?: object;
}

const headersOf = ({ token }: HoldOptions) => ({ authorization: `Bearer ${token}`, 'micro-namespace': 'micro' });

const endIn = (text: string): NonNullable<ReturnType<HeldCall['end']>> => {
  try {
    const { code, reason } = JSON.parse(text);
    return { code, reason, text };
  } catch {
    return { text };
  }
};

/** Leaves the request open, as a caller who has more to say. */
export const holdGrpc = (session: ClientHttp2Session, o: HoldOptions): HeldCall => {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${o.service}.${o.endpoint.replace('.', '/')}`,
    'content-type': 'application/grpc+json',
    te: 'trailers',
    ...headersOf(o),
  });
  let bytes = Buffer.alloc(0);
  let received = 0;
  let end: ReturnType<HeldCall['end']>;
  const onHead = (head: Readonly<Record<string, unknown>>): void => {
    const status = head['grpc-status'];
    if (status === undefined) return;
    end ??= status === '0' ? { text: 'ok' } : endIn(decodeURIComponent(String(head['grpc-message'] ?? '')));
  };
  stream.on('response', onHead);
  stream.on('trailers', onHead);
  stream.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      bytes = bytes.subarray(5 + bytes.readUInt32BE(1));
      received += 1;
    }
  });
  stream.on('error', () => undefined);
  stream.on('close', () => (end ??= { text: `reset ${stream.rstCode}` }));
  if (o.request !== undefined) stream.write(frame(JSON.stringify(o.request)));
  return {
    received: () => received,
    end: () => end,
    send: (message) => void (stream.writable && stream.write(frame(JSON.stringify(message)))),
    close: () => stream.close(),
  };
};

export const holdHttp = (address: string, o: HoldOptions): HeldCall => {
  let text = '';
  let end: ReturnType<HeldCall['end']>;
  const lines = (): readonly string[] => text.split('\n').filter((line) => line !== '');
  const sent = httpRequest(
    `http://${address}/${o.service}/${o.endpoint.replace('.', '/')}`,
    { method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headersOf(o) } },
    (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      // An answer that was cut ends without its end; what it said last is why.
      response.on('error', () => undefined);
      response.on('close', () => (end ??= endIn(lines().at(-1) ?? '')));
    },
  );
  sent.on('error', (e) => (end ??= { text: e.message }));
  sent.end(JSON.stringify(o.request ?? {}));
  return { received: () => lines().length, end: () => end, send: () => undefined, close: () => sent.destroy() };
};
