/** Opens many conversations and keeps them open: a program of its own. Prints `open` when each has been answered once, ends when its standard input does. Argument: a StreamPlan as JSON. */

import { connect } from 'node:http2';

import { frame } from '../../conformance/raw-grpc.ts';

export interface StreamPlan {
  readonly address: string;
  readonly path: string;
  readonly token: string;
  /** One message, base64, without its gRPC frame; each conversation sends it once. */
  readonly message: string;
  readonly connections: number;
  readonly streams: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as StreamPlan;
const body = frame(Buffer.from(plan.message, 'base64'));
const sessions = Array.from({ length: plan.connections }, () => connect(`http://${plan.address}`));

const openOne = (n: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = sessions[n % sessions.length]!.request({
      ':method': 'POST',
      ':path': plan.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${plan.token}`,
    });
    stream.once('data', () => resolve());
    stream.on('error', reject);
    stream.once('response', (headers) => {
      if (headers['grpc-status'] !== undefined) reject(new Error(`refused: ${JSON.stringify(headers)}`));
    });
    stream.write(body);
  });

await Promise.all(Array.from({ length: plan.streams }, (_, n) => openOne(n)));
console.log('open');
process.stdin.on('end', () => process.exit(0)).resume();
