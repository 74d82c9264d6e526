/**
 * What it costs that the proxy knows its callers: calls with a token and 200 rules against calls without either, as ratios of one run. Needs h2load (Debian:
 * nghttp2-client). MICRO_WIRE_ONLY=node,service,tokens picks parts; MICRO_WIRE_SECONDS, _ROUNDS, _CONNECTIONS and
 * _STREAMS size them; MICRO_WIRE_PROFILE=FOLDER writes profiles of the server there.
 */

import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import { runCallers } from './auth/callers-load.ts';
import { type CallersPlatform, type Namespace, namespaces, startCallersPlatform } from './auth/callers-platform.ts';
import { cpuUs } from './wire/cpu-time.ts';
import { connections, line, median, ratio, setting, streams, whole } from './wire/figures.ts';
import { hasH2load, runLoad } from './wire/h2load.ts';
import { echoOf } from './wire/messages.ts';

const labels: Readonly<Record<Namespace | 'filler', string>> = {
  open: 'no token, default rule',
  filler: 'no token, a header as long as one',
  default: 'a token, default rule',
  others: 'a token, 200 rules about others',
  all: 'a token, 200 rules about the call',
};

const message = echoOf(12);
/** Of each measurement, and how often each is repeated. */
const seconds = setting('SECONDS', 0.5);
const rounds = setting('ROUNDS', 12);
/** Calls that warm up and say how many make a measurement. */
const trialCalls = 4_000;
const tokensCount = 1_000;

interface Rate {
  readonly callsPerSecond: number;
  /** Microseconds of the server's processor time. */
  readonly costUs: number;
}

/** Calls for about `seconds`, and what one of them costs the server. The first calls warm up and say how many those are. */
const openMeter = async (pid: number, run: (calls: number) => Promise<number>): Promise<() => Promise<Rate>> => {
  const calls = Math.max(trialCalls, Math.round((await run(trialCalls)) * seconds));
  return async () => {
    const before = cpuUs(pid);
    const callsPerSecond = await run(calls);
    return { callsPerSecond, costUs: (cpuUs(pid) - before) / calls };
  };
};

/** All of them in turn, and back again, many times for a short while: what else the machine does hits all alike. */
const byTurns = async (
  pid: number,
  runs: Readonly<Record<string, (calls: number) => Promise<number>>>,
): Promise<Readonly<Record<string, readonly Rate[]>>> => {
  const meters: [string, () => Promise<Rate>][] = [];
  for (const [name, run] of Object.entries(runs)) meters.push([name, await openMeter(pid, run)]);
  const rates = Object.fromEntries(meters.map(([name]) => [name, [] as Rate[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, measure] of round % 2 === 0 ? meters : meters.toReversed()) rates[name]!.push(await measure());
  return rates;
};

const perSecond = (of: readonly Rate[]): number[] => of.map((r) => r.callsPerSecond);
/** What else the machine does only adds to it. */
const leastCost = (of: readonly Rate[]): number => Math.min(...of.map((r) => r.costUs));

/** Each against the first, whose label says what it is. */
const print = (rates: Readonly<Record<string, readonly Rate[]>>, names: Readonly<Record<string, string>>): void => {
  const [base = []] = Object.values(rates);
  for (const [name, of] of Object.entries(rates)) {
    const cost = `${leastCost(of).toFixed(1)} us of processor time each`;
    const against = `${ratio(perSecond(of), perSecond(base))} x the first; ${cost}, ${(leastCost(of) / leastCost(base)).toFixed(2)} x`;
    line(names[name] ?? name, whole(median(perSecond(of))), of === base ? cost : against);
  }
};

const byRules = async (platform: CallersPlatform, path: string): Promise<void> => {
  const load = { address: platform.proxy, path, message, connections, streams };
  const run = (namespace: Namespace, token: string | undefined, filler?: string) => async (calls: number) =>
    (await runLoad({ ...load, namespace, token, filler, calls })).callsPerSecond;
  const runs: Record<string, ReturnType<typeof run>> = { open: run('open', undefined) };
  runs.filler = run('open', undefined, platform.token('others'));
  for (const namespace of namespaces) runs[namespace] ??= run(namespace, platform.token(namespace));
  const rates = await byTurns(platform.pid, runs);
  print(rates, labels);
  for (const rules of ['others', 'all'] as const) {
    const [known, plain, asLong] = [rates[rules]!, rates.open!, rates.filler!].map(perSecond) as [
      number[],
      number[],
      number[],
    ];
    line(labels[rules], ratio(known, plain), `x without (aim 0.90), ${ratio(known, asLong)} x a call of as many bytes`);
  }
};

const byTokens = async (platform: CallersPlatform, path: string): Promise<void> => {
  const head = (namespace: Namespace, token: string | undefined): Buffer =>
    encodeFields([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'localhost'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['micro-namespace', namespace],
      ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]),
    ]);
  const many = await platform.tokens('others', tokensCount);
  const targets = {
    none: [head('open', undefined)],
    one: [head('others', platform.token('others'))],
    many: many.map((token) => head('others', token)),
  };
  const load = { address: platform.proxy, message, connections, streams };
  const runs = Object.fromEntries(
    Object.entries(targets).map(([name, heads]) => [name, (calls: number) => runCallers({ ...load, heads, calls })]),
  );
  print(await byTurns(platform.pid, runs), {
    none: labels.open,
    one: labels.others,
    many: `${whole(tokensCount)} tokens in turn, the same rules`,
  });
};

const shape = `${connections} connections x ${streams} streams, calls/s`;
const parts: Readonly<Record<string, (platform: CallersPlatform) => Promise<void>>> = {
  node: (platform) => {
    console.log(`unary calls of ${message.length} bytes through the proxy to a node that answers at once, ${shape}`);
    return byRules(platform, '/fast.Fast/Call');
  },
  service: (platform) => {
    console.log(`the same to an SDK service, ${shape}`);
    return byRules(platform, '/everything.Everything/Echo');
  },
  tokens: (platform) => {
    console.log(`to a node that answers at once, from prepared frames, ${shape}`);
    return byTokens(platform, '/fast.Fast/Call');
  },
};

if (!hasH2load()) throw new Error('h2load is not installed: apt-get install nghttp2-client');
const chosen = process.env.MICRO_WIRE_ONLY?.split(',') ?? Object.keys(parts);
const profileDir = process.env.MICRO_WIRE_PROFILE;
const platform = await startCallersPlatform(
  profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
);
try {
  for (const [name, part] of Object.entries(parts)) if (chosen.includes(name)) await part(platform);
} finally {
  await platform.stop();
}
