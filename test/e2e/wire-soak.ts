/**
 * By hand: `node test/e2e/wire-soak.ts [minutes]`, 10 minutes of mixed calls through the proxy: small and large messages, streams read fast and slowly,
 * cancellations, core calls, refusals, new connections. Prints memory and descriptors every 10 seconds; exit code 1 when they grow or an answer was wrong.
 */

import { readdirSync, readFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';

import { echoOf, lookUpOf, repeatOf } from '../bench/wire/messages.ts';
import { frame, openSession, rawCall } from '../conformance/raw-grpc.ts';
import { openInspector } from '../support/inspector.ts';
import { openAdminCaller } from '../support/rpc.ts';
import { startServer } from '../support/server.ts';
import { leaveCall, stages } from './leave-call.ts';

const minutes = Number(process.argv[2] ?? 10);
const sampleMs = 10_000;
/** A lane opens a new connection after so many calls. */
const callsPerConnection = 200;
/** Between two calls of a lane, so that the machine has room for others. */
const pauseMs = 4;

/** What a slow reader reads before it leaves. */
const slowChunks = 20;

const examples = join(import.meta.dirname, '..', '..', 'examples');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Lane {
  readonly count: number;
  /** One call; the text says what was wrong with it. */
  run(session: ClientHttp2Session, n: number): Promise<string | undefined>;
}

const expect = async (
  session: ClientHttp2Session,
  o: { path: string; message: Uint8Array; token?: string; status?: number; messages?: number; bytes?: number },
): Promise<string | undefined> => {
  const headers = o.token === undefined ? {} : { authorization: `Bearer ${o.token}` };
  const { status, message, messages, reset } = await rawCall(session, {
    path: o.path,
    headers,
    body: frame(o.message),
  });
  const bytes = messages.reduce((sum, m) => sum + m.length, 0);
  const right =
    status === (o.status ?? 0) &&
    (o.messages === undefined || messages.length === o.messages) &&
    (o.bytes === undefined || bytes === o.bytes);
  return right
    ? undefined
    : `${o.path}: status ${status} ${message}, ${messages.length} messages, ${bytes} bytes, reset ${reset}`;
};

/** Reads a little, pauses, and leaves with most of the stream unread. */
const readSlowly = (session: ClientHttp2Session, token: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/everything.Everything/Repeat',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    let chunks = 0;
    const givenUp = setTimeout(() => stream.close(), 30_000);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      clearTimeout(givenUp);
      resolve(chunks > 0 ? undefined : 'a slow reader got nothing');
    });
    stream.on('data', () => {
      chunks += 1;
      if (chunks === slowChunks) return stream.close();
      stream.pause();
      setTimeout(() => stream.resume(), 50);
    });
    stream.end(frame(repeatOf(200, 64 * 1_024)));
  });

const lanesOf = (token: string): Readonly<Record<string, Lane>> => {
  const echo = '/everything.Everything/Echo';
  const lookUp = '/registry.Registry/GetService';
  const call =
    (path: string, message: Uint8Array, o = {}) =>
    (session: ClientHttp2Session) =>
      expect(session, { path, message, token, messages: 1, ...o });
  const large = echoOf(8_000_000);
  const some = repeatOf(50, 16_384);
  return {
    small: {
      count: 6,
      run: (session, n) => {
        const message = echoOf(1 + ((n * 97) % 4_096));
        return expect(session, { path: echo, message, token, messages: 1, bytes: message.length });
      },
    },
    large: { count: 1, run: call(echo, large, { bytes: large.length }) },
    stream: { count: 3, run: call('/everything.Everything/Repeat', some, { messages: 50 }) },
    slow: { count: 2, run: (session) => readSlowly(session, token) },
    core: { count: 2, run: call(lookUp, lookUpOf('helloworld')) },
    cancel: {
      count: 2,
      run: async (session, n) => {
        await leaveCall(session, token, stages[n % stages.length]!);
        return undefined;
      },
    },
    // 16: nobody is logged in.
    refused: {
      count: 1,
      run: (session) => expect(session, { path: lookUp, message: lookUpOf('helloworld'), status: 16 }),
    },
  };
};

interface Sample {
  readonly heapMb: number;
  readonly residentMb: number;
  readonly nodeMb: number;
  readonly descriptors: number;
}

/** What may be added between the second quarter of the run and its last one: a share and a constant. */
const growth: Readonly<Record<keyof Sample, { readonly share: number; readonly plus: number }>> = {
  heapMb: { share: 0.05, plus: 3 },
  residentMb: { share: 0.15, plus: 25 },
  nodeMb: { share: 0.15, plus: 25 },
  descriptors: { share: 0, plus: 8 },
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const grown = (samples: readonly Sample[]): readonly string[] => {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  return (Object.keys(growth) as (keyof Sample)[]).flatMap((name) => {
    const [from, to] = [median(early.map((s) => s[name])), median(late.map((s) => s[name]))];
    const limit = from * (1 + growth[name].share) + growth[name].plus;
    return to <= limit
      ? []
      : [`${name} grew from ${from.toFixed(1)} to ${to.toFixed(1)}, more than ${limit.toFixed(1)}`];
  });
};

const server = await startServer({ env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } });
let failed = true;
try {
  for (const name of ['helloworld', 'everything'])
    await server.micro(['run', '--wait', join(examples, name)], { env: { NODE_OPTIONS: undefined } });
  const caller = await openAdminCaller(server.proxyAddress);
  const inspector = await openInspector(server.output());
  const started = performance.now();
  const until = started + minutes * 60_000;
  const counts = new Map<string, number>();
  const wrong = new Map<string, number>();
  const lane = async (name: string, run: Lane['run']): Promise<void> => {
    let session = openSession(server.proxyAddress);
    for (let n = 1; performance.now() < until; n += 1) {
      const fault = await run(session, n).catch((error: unknown) => `${name}: ${String(error)}`);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (fault !== undefined) wrong.set(fault, (wrong.get(fault) ?? 0) + 1);
      if (n % callsPerConnection === 0 || session.closed || session.destroyed) {
        session.close();
        session = openSession(server.proxyAddress);
      }
      await pause(pauseMs);
    }
    session.destroy();
  };
  const lanes = Object.entries(lanesOf(caller.token)).flatMap(([name, { count, run }]) =>
    Array.from({ length: count }, () => lane(name, run)),
  );
  const samples: Sample[] = [];
  while (performance.now() < until) {
    await pause(Math.min(sampleMs, Math.max(until - performance.now(), 0)));
    const { heapBytes, externalBytes } = await inspector.held();
    const residentKb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
    const { memory } = await caller.call('everything', 'Debug.Stats');
    const sample: Sample = {
      heapMb: (heapBytes + externalBytes) / 1e6,
      residentMb: Number(residentKb) / 1e3,
      nodeMb: Number(memory) / 1e6,
      descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
    };
    samples.push(sample);
    const calls = [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
    const figures = Object.entries(sample).map(
      ([name, value]) => `${name} ${value.toFixed(name === 'descriptors' ? 0 : 1)}`,
    );
    console.log(
      `${((performance.now() - started) / 1_000).toFixed(0)} s: ${figures.join(', ')}; calls: ${calls}; wrong: ${wrong.size}`,
    );
  }
  await Promise.all(lanes);
  for (const [fault, count] of wrong) console.log(`WRONG ${count} x ${fault}`);
  const faults = grown(samples);
  for (const fault of faults) console.log(`GROWN ${fault}`);
  failed = wrong.size > 0 || faults.length > 0;
  inspector.close();
  await caller.close();
} finally {
  await server.stop();
}
console.log(failed ? 'failed' : 'memory and descriptors are flat');
process.exitCode = failed ? 1 : 0;
