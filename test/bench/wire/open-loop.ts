/**
 * Sends unary calls at a fixed rate, whatever the answers do, and prints the latencies as JSON: a program of its own. Each call counts from the
 * instant it was due, so waiting behind a slow answer is part of the figure. Targets take turns in short slices of the same run. Argument: a Plan as JSON.
 */

import { type ClientHttp2Session, connect } from 'node:http2';
import { Worker } from 'node:worker_threads';

import { frame } from '../../conformance/raw-grpc.ts';

export interface Plan {
  readonly targets: Readonly<Record<string, string>>;
  readonly path: string;
  readonly token: string;
  /** One message, base64, without its gRPC frame; the answer must be the same bytes. */
  readonly message: string;
  readonly callsPerSecond: number;
  readonly connections: number;
  /** Measured calls of each target. */
  readonly calls: number;
}

export interface Latencies {
  readonly calls: number;
  readonly errors: number;
  readonly firstError?: string;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The median of the p99 of each slice: what most half seconds look like, without those in which the machine did something else. */
  readonly sliceP99: number;
  /** How late calls were sent, milliseconds: what of the latency is this program's own. */
  readonly sentLateP99: number;
}

/** Calls of one target before the other has its turn; the first slices of each are not counted. */
const sliceCalls = 500;
const warmUpSlices = 4;

interface Target {
  readonly sessions: readonly ClientHttp2Session[];
  readonly latencies: number[];
  readonly late: number[];
  errors: number;
  firstError?: string;
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Timers of an event loop are a millisecond coarse; a thread that sleeps on a futex is not. It says when each call is due. */
const pacer = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const cell = new Int32Array(new SharedArrayBuffer(4));
   const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
   parentPort.on('message', ({ calls, everyMs }) => {
     const start = nowMs() + everyMs;
     for (let n = 0; n < calls; n += 1) {
       const due = start + n * everyMs;
       for (let left = due - nowMs(); left > 0; left = due - nowMs()) Atomics.wait(cell, 0, 0, left);
       parentPort.postMessage(due);
     }
   });`,
  { eval: true },
);

const open = (address: string, connections: number): Promise<readonly ClientHttp2Session[]> =>
  Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<ClientHttp2Session>((resolve, reject) => {
          const session = connect(`http://${address}`);
          session.once('error', reject);
          session.once('remoteSettings', () => resolve(session));
        }),
    ),
  );

/** One call; resolves with what was wrong with its answer. */
const call = (session: ClientHttp2Session, plan: Plan, body: Buffer): Promise<string | undefined> =>
  new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': plan.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${plan.token}`,
    });
    let status: unknown;
    let bytes = 0;
    stream.on('response', (headers) => (status = headers['grpc-status'] ?? status));
    stream.on('trailers', (headers) => (status = headers['grpc-status'] ?? status));
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('error', (error) => resolve(String(error)));
    stream.on('close', () => {
      if (status === '0' && bytes === body.length) resolve(undefined);
      else resolve(`grpc-status ${String(status)}, ${bytes} bytes, reset ${stream.rstCode}`);
    });
    stream.end(body);
  });

/** Resolves when every call of the slice is answered. */
const slice = (target: Target, plan: Plan, o: { readonly body: Buffer; readonly counted: boolean }): Promise<void> =>
  new Promise((resolve) => {
    let sent = 0;
    let answered = 0;
    const onDue = (due: number): void => {
      const session = target.sessions[sent % target.sessions.length]!;
      sent += 1;
      if (sent === sliceCalls) pacer.off('message', onDue);
      const lateMs = nowMs() - due;
      void call(session, plan, o.body).then((fault) => {
        if (fault !== undefined) {
          target.errors += 1;
          target.firstError ??= fault;
        } else if (o.counted) {
          target.latencies.push(nowMs() - due);
          target.late.push(lateMs);
        }
        answered += 1;
        if (answered === sliceCalls) resolve();
      });
    };
    pacer.on('message', onDue);
    pacer.postMessage({ calls: sliceCalls, everyMs: 1_000 / plan.callsPerSecond });
  });

const shareOf = (values: readonly number[], share: number): number => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

const summary = ({ latencies, late, errors, firstError }: Target): Latencies => {
  const slices: number[] = [];
  for (let at = 0; at < latencies.length; at += sliceCalls)
    slices.push(shareOf(latencies.slice(at, at + sliceCalls), 0.99));
  return {
    calls: latencies.length,
    errors,
    firstError,
    p50: shareOf(latencies, 0.5),
    p90: shareOf(latencies, 0.9),
    p99: shareOf(latencies, 0.99),
    p999: shareOf(latencies, 0.999),
    max: shareOf(latencies, 1),
    sliceP99: shareOf(slices, 0.5),
    sentLateP99: shareOf(late, 0.99),
  };
};

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan;
const body = frame(Buffer.from(plan.message, 'base64'));
const targets = new Map<string, Target>();
for (const [name, address] of Object.entries(plan.targets))
  targets.set(name, { sessions: await open(address, plan.connections), latencies: [], late: [], errors: 0 });
for (let n = 0; n < warmUpSlices + Math.ceil(plan.calls / sliceCalls); n += 1)
  for (const target of targets.values()) await slice(target, plan, { body, counted: n >= warmUpSlices });
console.log(JSON.stringify(Object.fromEntries([...targets].map(([name, target]) => [name, summary(target)]))));
for (const { sessions } of targets.values()) for (const session of sessions) session.destroy();
await pacer.terminate();
