/** gRPC by hand over node:http2: what tests use to send what no client library would. */

import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';

export interface RawAnswer {
  readonly headers: Readonly<Record<string, unknown>>;
  /** Of the trailers, or of the headers when there are no trailers. */
  readonly status: number | undefined;
  readonly message: string;
  readonly messages: readonly Buffer[];
  /** RST_STREAM code; 0 for none. */
  readonly reset: number;
}

export interface RawOptions {
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Raw bytes of the body; use frame() for a proper message. */
  readonly body?: Uint8Array;
  /** Leaves the request half open, as Go clients do. */
  readonly open?: boolean;
}

/** One gRPC message frame. */
export const frame = (message: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

const unframe = (body: Buffer): readonly Buffer[] => {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
};

/** Opens a connection that never throws by itself. */
export const openSession = (address: string): ClientHttp2Session => {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  return session;
};

/** Sends one request on a session and waits for its end. */
export const rawCall = (session: ClientHttp2Session, o: RawOptions): Promise<RawAnswer> =>
  new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': o.path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...o.headers,
    });
    let headers: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('response', (h) => {
      headers = { ...h };
    });
    stream.on('trailers', (h) => {
      trailers = { ...h };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Go clients leave a call they never half-closed once its status is there.
    stream.on('end', () => setImmediate(() => stream.close()));
    stream.on('close', () => {
      const last = 'grpc-status' in trailers ? trailers : headers;
      resolve({
        headers,
        status: last['grpc-status'] === undefined ? undefined : Number(last['grpc-status']),
        message: decodeURIComponent(String(last['grpc-message'] ?? '')),
        messages: unframe(Buffer.concat(chunks)),
        reset: stream.rstCode,
      });
    });
    if (o.body !== undefined) stream.write(o.body);
    if (o.open !== true) stream.end();
  });

/** Writes bytes to a socket; resolves when the other side has closed it or answered, whichever comes first. */
export const sendGarbage = (address: string, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = connectSocket(Number(port), host, () => socket.write(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.on('data', () => socket.destroy());
    socket.setTimeout(200, () => socket.destroy());
  });

/** Byte sequences that a listener must survive. */
export const garbage: Readonly<Record<string, Uint8Array>> = {
  nothing: Buffer.alloc(0),
  'an HTTP/1 request': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  'a TLS hello': Buffer.from('16030100050100000100', 'hex'),
  'random bytes': Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7_919) % 256)),
  'a preface and random frames': Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 104_729) % 256)),
  ]),
  'a preface and a huge frame length': Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('ffffff0000000000', 'hex'),
    Buffer.alloc(100),
  ]),
  'headers before settings': Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('000001010500000001ff', 'hex'),
  ]),
  'data on a stream that was never opened': Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('000000040000000000', 'hex'),
    Buffer.from('00000400010000000341414141', 'hex'),
  ]),
};
