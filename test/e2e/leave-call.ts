/** A caller that leaves a call on purpose: after its first answer, or before there is any. */

import { type ClientHttp2Session, constants } from 'node:http2';

import { frame } from '../conformance/raw-grpc.ts';

export interface Stage {
  readonly name: string;
  readonly path: string;
  /** Whether the first answer is awaited before the caller leaves. */
  readonly answered: boolean;
}

/** Of examples/helloworld and examples/everything. */
export const stages: readonly Stage[] = [
  { name: 'after the first answer', path: '/helloworld.Helloworld/PingPong', answered: true },
  { name: 'before any answer', path: '/everything.Everything/Sum', answered: false },
];

/** helloworld.Ping and everything.Number with 1 in their first field. */
const one = frame(Buffer.from([0x08, 1]));

/** Opens one call, sends a message, and leaves; resolves when the stream is gone, rejects when the call was refused or the connection fell. */
export const leaveCall = (session: ClientHttp2Session, token: string, { path, answered }: Stage): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    const leave = (): void => stream.close(constants.NGHTTP2_CANCEL);
    stream.on('error', reject);
    stream.once('close', () => resolve());
    stream.once('response', (headers) => {
      if (headers['grpc-status'] !== undefined) reject(new Error(`refused: ${JSON.stringify(headers)}`));
    });
    if (answered) stream.once('data', leave);
    stream.write(one, () => {
      if (!answered) leave();
    });
  });
