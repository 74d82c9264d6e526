/**
 * The wire in one run, as ratios: calls through the proxy against direct ones and against nginx, core calls against the same handlers on grpc-js,
 * the latency the proxy adds, streams in MB/s, what open streams cost in memory, and a large registry. Needs h2load and nginx (Debian: nghttp2-client, nginx-light).
 * MICRO_WIRE_ONLY=unary,core,latency,streaming,memory,registry picks parts; MICRO_WIRE_SECONDS, _ROUNDS, _CONNECTIONS, _STREAMS and _CALLS size them;
 * MICRO_WIRE_PROFILE=FOLDER writes profiles of the server and its services there.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { startNginx } from '../support/nginx.ts';
import { hasH2load, type Load, runLoad } from './wire/h2load.ts';
import { type Held, type Inspector, openInspector } from '../support/inspector.ts';
import { echoOf, lookUpOf, pingOf, readOf, repeatOf } from './wire/messages.ts';
import type { Latencies, Plan } from './wire/open-loop.ts';
import type { StreamPlan } from './wire/open-streams.ts';
import { type Platform, startPlatform } from './wire/platform.ts';

const setting = (name: string, fallback: number): number => Number(process.env[`MICRO_WIRE_${name}`] ?? fallback);
const seconds = setting('SECONDS', 3);
const rounds = setting('ROUNDS', 3);
const connections = setting('CONNECTIONS', 8);
const streams = setting('STREAMS', 10);
const latencyCalls = setting('CALLS', 60_000);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const whole = (n: number): string => Math.round(n).toLocaleString('en');
const line = (what: string, figure: string, rest = ''): void =>
  console.log(`  ${what.padEnd(34)} ${figure.padStart(10)}  ${rest}`.trimEnd());

/** Calls of one trial. */
const trialCalls = 2_000;
/** Before each message of gRPC. */
const frameHeadBytes = 5;

type Call = Pick<Load, 'path' | 'message'>;

/** Calls on a target for about `seconds`, after some that warm it up and say how many those are; calls per second. Throws when an answer was not whole: an error has no message. */
const throughput = async (platform: Platform, address: string, call: Call, answerBytes: number): Promise<number> => {
  const load = { ...call, address, token: platform.token, connections, streams };
  const trial = await runLoad({ ...load, calls: trialCalls });
  const calls = Math.max(trialCalls, Math.round(trial.callsPerSecond * seconds));
  const { callsPerSecond, dataBytes } = await runLoad({ ...load, calls });
  if (dataBytes !== calls * (answerBytes + frameHeadBytes))
    throw new Error(`${address}${call.path}: ${dataBytes} bytes from ${calls} calls that answer ${answerBytes} each`);
  return callsPerSecond;
};

/** Every target in turn, `rounds` times, so that a busy moment of the machine hits all; each target's calls per second, by round. */
const inTurns = async (
  targets: Readonly<Record<string, string>>,
  measure: (address: string) => Promise<number>,
): Promise<Readonly<Record<string, readonly number[]>>> => {
  const results = Object.fromEntries(Object.keys(targets).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, address] of Object.entries(targets)) results[name]!.push(await measure(address));
  return results;
};

/** The median over rounds of one target's figure by another's. */
const ratio = (a: readonly number[], b: readonly number[]): string => median(a.map((x, n) => x / b[n]!)).toFixed(2);

/** Runs the load and holds the service's own count against it: no call may have failed there. */
const counted = async <T>(platform: Platform, service: string, work: () => Promise<T>): Promise<T> => {
  const before = await platform.stats(service);
  const result = await work();
  const after = await platform.stats(service);
  const failed = after.errors - before.errors;
  if (failed > 0) throw new Error(`${service} counted ${failed} failed calls of ${after.requests - before.requests}`);
  return result;
};

const unary = async (platform: Platform): Promise<void> => {
  const message = echoOf(12);
  const call = { path: '/everything.Everything/Echo', message };
  const direct = platform.node('everything');
  const nginx = await startNginx(direct);
  try {
    const targets = { direct, nginx: nginx.address, proxy: platform.proxy };
    const figures = await counted(platform, 'everything', () =>
      inTurns(targets, (address) => throughput(platform, address, call, message.length)),
    );
    console.log(`unary calls of ${message.length} bytes, ${connections} connections x ${streams} streams, calls/s`);
    line('direct', whole(median(figures.direct!)));
    line(
      `through nginx ${nginx.version}`,
      whole(median(figures.nginx!)),
      `${ratio(figures.nginx!, figures.direct!)} x direct`,
    );
    const proxied = `${ratio(figures.proxy!, figures.direct!)} x direct (aim 0.80), ${ratio(figures.proxy!, figures.nginx!)} x nginx (aim 1.50)`;
    line('through the proxy', whole(median(figures.proxy!)), proxied);
  } finally {
    await nginx.stop();
  }
};

const core = async (platform: Platform): Promise<void> => {
  const record = { key: 'bench', value: Buffer.alloc(100, 'x').toString('base64') };
  await platform.call('store', 'Store.Write', { record });
  const calls: Readonly<Record<string, { readonly service: string } & Call>> = {
    'registry look-up': { service: 'registry', path: '/registry.Registry/GetService', message: lookUpOf('helloworld') },
    'store read': { service: 'store', path: '/store.Store/Read', message: readOf('bench') },
  };
  console.log(`core calls, ${connections} connections x ${streams} streams, calls/s`);
  for (const [name, call] of Object.entries(calls)) {
    // One call says how long the answer is; the same must come every time.
    const { dataBytes } = await runLoad({
      ...call,
      address: platform.core,
      token: platform.token,
      connections: 1,
      streams: 1,
      calls: 1,
    });
    if (dataBytes <= frameHeadBytes) throw new Error(`${name} has no answer`);
    const targets = { grpcJs: platform.core, proxy: platform.proxy };
    const figures = await counted(platform, call.service, () =>
      inTurns(targets, (address) => throughput(platform, address, call, dataBytes - frameHeadBytes)),
    );
    line(`${name}, on grpc-js`, whole(median(figures.grpcJs!)));
    line(
      `${name}, through the proxy`,
      whole(median(figures.proxy!)),
      `${ratio(figures.proxy!, figures.grpcJs!)} x grpc-js (aim 3.00)`,
    );
  }
};

const latency = async (platform: Platform): Promise<void> => {
  const plan: Plan = {
    targets: { direct: platform.node('everything'), proxy: platform.proxy },
    path: '/everything.Everything/Echo',
    token: platform.token,
    message: echoOf(1_024).toString('base64'),
    callsPerSecond: 1_000,
    connections: 16,
    calls: latencyCalls,
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'wire/open-loop.ts'), JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (d: string) => (output += d));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the open loop ended with ${code}`);
  const { direct, proxy } = JSON.parse(output) as { readonly direct: Latencies; readonly proxy: Latencies };
  console.log(
    `latency at ${whole(plan.callsPerSecond)} calls/s, ${plan.connections} connections, 1 KiB, ${whole(proxy.calls)} calls each, ms`,
  );
  const text = (l: Latencies): string =>
    `p50 ${l.p50.toFixed(2)}, p90 ${l.p90.toFixed(2)}, p99 ${l.p99.toFixed(2)}, p99.9 ${l.p999.toFixed(2)}, max ${l.max.toFixed(1)}; sent late p99 ${l.sentLateP99.toFixed(2)}`;
  line('direct', '', text(direct));
  line('through the proxy', '', text(proxy));
  const added = (p: 'p50' | 'p90' | 'p99'): string => (proxy[p] - direct[p]).toFixed(2);
  line(
    'added by the proxy',
    '',
    `p50 ${added('p50')} (aim 0.5), p90 ${added('p90')} (aim 1), p99 ${added('p99')} (aim 3)`,
  );
  const firstErrors = [direct, proxy].flatMap((l) => l.firstError ?? []).join('; ');
  line('errors', `${direct.errors + proxy.errors}`, firstErrors === '' ? '(aim 0)' : firstErrors);
};

const streaming = async (platform: Platform): Promise<void> => {
  const messageBytes = 64 * 1024;
  const messages = 256;
  const [calls, lanes] = [8, 4];
  const load = {
    path: '/everything.Everything/Repeat',
    message: repeatOf(messages, messageBytes),
    token: platform.token,
    connections: lanes,
    streams: 1,
    calls,
    // As wide as the windows of most clients, so that flow control has work to do.
    windowBits: 20,
  };
  const targets = { direct: platform.node('everything'), proxy: platform.proxy };
  const figures = await inTurns(targets, async (address) => {
    const { dataBytes, seconds: took } = await runLoad({ ...load, address });
    if (dataBytes < calls * messages * messageBytes) throw new Error(`${address}: only ${dataBytes} bytes came`);
    return dataBytes / took / 1e6;
  });
  console.log(`a stream of 64 KiB messages to each of ${lanes} connections, MB/s`);
  line('direct', whole(median(figures.direct!)));
  line('through the proxy', whole(median(figures.proxy!)), `${ratio(figures.proxy!, figures.direct!)} x direct`);
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** On a server of its own, whose garbage can be collected from outside: what is left then is what is held. */
const inspected = async (work: (platform: Platform, inspector: Inspector) => Promise<void>): Promise<void> => {
  const platform = await startPlatform({ nodeOptions: ['--inspect=127.0.0.1:0'] });
  try {
    const inspector = await openInspector(platform.output());
    await work(platform, inspector);
    inspector.close();
  } finally {
    await platform.stop();
  }
};

const bytesOf = (h: Held): number => h.heapBytes + h.externalBytes;

const memory = (): Promise<void> =>
  inspected(async (platform, inspector) => {
    const plan: StreamPlan = {
      address: platform.proxy,
      path: '/helloworld.Helloworld/PingPong',
      token: platform.token,
      message: pingOf(1).toString('base64'),
      connections: 10,
      streams: 1_000,
    };
    console.log(`${whole(plan.streams)} open conversations through the proxy, ${plan.connections} connections, memory`);
    // The first time fills pools that stay; the second shows what conversations cost.
    for (const time of ['first time', 'second time']) {
      const before = await inspector.held();
      const close = await openConversations(plan);
      const open = await inspector.held();
      await close();
      const after = await inspector.held();
      const each = `${((bytesOf(open) - bytesOf(before)) / plan.streams / 1_024).toFixed(1)} KiB each`;
      const resident = [before, open, after].map((h) => (h.residentBytes / 1e6).toFixed(0)).join(', ');
      const left = `${megabytes(bytesOf(after) - bytesOf(before))} left when closed`;
      line(
        time,
        megabytes(bytesOf(open) - bytesOf(before)),
        `${each}, ${left}; resident before, open, after: ${resident} MB`,
      );
    }
  });

/** Look-ups beside many others: one at a time, through the proxy. */
const registry = (): Promise<void> =>
  inspected(async (platform, inspector) => {
    const [services, endpoints] = [1_000, 10];
    const value = { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: [] }] };
    const lookUpUs = async (): Promise<number> => {
      const times: number[] = [];
      for (let n = 0; n < 2_000; n += 1) {
        const started = performance.now();
        await platform.call('registry', 'Registry.GetService', { service: 'helloworld' });
        times.push((performance.now() - started) * 1_000);
      }
      return median(times.slice(1_000));
    };
    console.log(`registry with ${whole(services * endpoints)} endpoints of ${whole(services)} services and nodes`);
    const before = await inspector.held();
    const aloneUs = await lookUpUs();
    for (let n = 0; n < services; n += 1)
      await platform.call('registry', 'Registry.Register', {
        name: `service-${n}`,
        version: 'latest',
        nodes: [{ id: `service-${n}-1`, address: `127.0.0.1:${10_000 + n}` }],
        endpoints: Array.from({ length: endpoints }, (_, e) => ({
          name: `Type.M${e}`,
          request: value,
          response: value,
        })),
        options: { ttl: '3600' },
      });
    const after = await inspector.held();
    line('memory', megabytes(bytesOf(after) - bytesOf(before)), 'with the copy the proxy routes by');
    const fullUs = await lookUpUs();
    line(
      'look-up of a small service',
      `${whole(fullUs)} us`,
      `${(fullUs / aloneUs).toFixed(2)} x the same without the others`,
    );
    const started = performance.now();
    await platform.call('registry', 'Registry.ListServices', {});
    line('list of all services', `${whole(performance.now() - started)} ms`);
  });

/** Resolves when all have been answered once; the function returned closes them. */
const openConversations = async (plan: StreamPlan): Promise<() => Promise<void>> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'wire/open-streams.ts'), JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const opened = once(child.stdout, 'data').then(() => true);
  if (!(await Promise.race([opened, closed.then(() => false)]))) throw new Error('the conversations did not open');
  return async () => {
    child.stdin.end();
    await closed;
  };
};

const onPlatform: Readonly<Record<string, (platform: Platform) => Promise<void>>> = { unary, core, latency, streaming };
const alone: Readonly<Record<string, () => Promise<void>>> = { memory, registry };
const names = [...Object.keys(onPlatform), ...Object.keys(alone)];
const chosen = process.env.MICRO_WIRE_ONLY?.split(',') ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no part is called ${unknown.join(', ')}; there are: ${names.join(', ')}`);
if (!hasH2load()) throw new Error('h2load is not installed: apt-get install nghttp2-client');

for (const [name, part] of Object.entries(alone)) if (chosen.includes(name)) await part();
const rest = Object.entries(onPlatform).filter(([name]) => chosen.includes(name));
const profileDir = process.env.MICRO_WIRE_PROFILE;
const nodeOptions = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
if (rest.length > 0) {
  const platform = await startPlatform({ nodeOptions });
  try {
    for (const [, part] of rest) await part(platform);
  } finally {
    await platform.stop();
  }
}
