/**
 * What it costs that the proxy knows its callers: calls with a token and 200 rules against calls without either, as ratios of one run. MICRO_WIRE_ONLY=node,service
 * picks parts; MICRO_WIRE_SECONDS, _ROUNDS, _CONNECTIONS and _STREAMS size them; MICRO_WIRE_PROFILE=FOLDER writes profiles of the server there.
 */

import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import { runCallers } from './auth/callers-load.ts';
import { type CallersPlatform, type Namespace, startCallersPlatform } from './auth/callers-platform.ts';
import { cpuUs } from './wire/cpu-time.ts';
import { connections, line, setting, streams, whole } from './wire/figures.ts';
import { echoOf } from './wire/messages.ts';

const message = echoOf(12);
/** Of each measurement, and how often each is repeated: short and often, so that what else the machine does hits all alike. */
const seconds = setting('SECONDS', 0.2);
const rounds = setting('ROUNDS', 30);
/** Calls that warm up and say how many make a measurement. */
const trialCalls = 4_000;
const tokensCount = 1_000;

/** Who calls: a namespace with its rules, the tokens that are shown in turn, and a header of no meaning. */
interface Callers {
  readonly label: string;
  readonly namespace: Namespace;
  readonly tokens?: readonly string[];
  readonly filler?: string;
}

const headsOf = (path: string, { namespace, tokens, filler }: Callers): readonly Buffer[] => {
  const common: (readonly [string, string])[] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['micro-namespace', namespace],
  ];
  if (filler !== undefined) common.push(['x-filler', filler]);
  return tokens === undefined
    ? [encodeFields(common)]
    : tokens.map((token) => encodeFields([...common, ['authorization', `Bearer ${token}`]]));
};

/** What came of all measurements of the same callers. */
interface Sum {
  calls: number;
  seconds: number;
  /** Microseconds of the server's processor time for one call, at the best. */
  leastUs: number;
}

const measure = async (platform: CallersPlatform, path: string, all: readonly Callers[]): Promise<readonly Sum[]> => {
  const load = { address: platform.proxy, message, connections, streams };
  const meters = [];
  for (const callers of all) {
    const heads = headsOf(path, callers);
    const calls = Math.max(trialCalls, Math.round((await runCallers({ ...load, heads, calls: trialCalls })) * seconds));
    const sum: Sum = { calls: 0, seconds: 0, leastUs: Number.POSITIVE_INFINITY };
    meters.push({ load: { ...load, heads, calls }, sum });
  }
  for (let round = 0; round < rounds; round += 1)
    for (const { load: own, sum } of round % 2 === 0 ? meters : meters.toReversed()) {
      const before = cpuUs(platform.pid);
      const perSecond = await runCallers(own);
      sum.calls += own.calls;
      sum.seconds += own.calls / perSecond;
      sum.leastUs = Math.min(sum.leastUs, (cpuUs(platform.pid) - before) / own.calls);
    }
  return meters.map(({ sum }) => sum);
};

const perSecond = ({ calls, seconds: took }: Sum): number => calls / took;

/** The first two are what the others are held against: calls without token, and those with a header as long as one. */
const print = (all: readonly Callers[], sums: readonly Sum[]): void => {
  const [plain, asLong] = sums as [Sum, Sum];
  all.forEach(({ label }, i) => {
    const sum = sums[i] as Sum;
    const rate = (other: Sum): string => (perSecond(sum) / perSecond(other)).toFixed(2);
    const cost = `${sum.leastUs.toFixed(1)} us of processor time each`;
    const ratios = `${rate(plain)} x no token${i > 1 ? ` (aim 0.90), ${rate(asLong)} x as many bytes` : ''}`;
    line(
      label,
      whole(perSecond(sum)),
      i === 0 ? cost : `${ratios}; ${cost}, ${(sum.leastUs / plain.leastUs).toFixed(2)} x`,
    );
  });
};

const profileDir = process.env.MICRO_WIRE_PROFILE;
const platform = await startCallersPlatform(
  profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
);
try {
  const one = (namespace: Namespace): readonly string[] => [platform.token(namespace)];
  const all: Callers[] = [
    { label: 'no token, default rule', namespace: 'open' },
    { label: 'no token, a header as long as one', namespace: 'open', filler: platform.token('others') },
    { label: 'a token, default rule', namespace: 'default', tokens: one('default') },
    { label: 'a token, 200 rules about others', namespace: 'others', tokens: one('others') },
    { label: 'a token, 200 rules about the call', namespace: 'all', tokens: one('all') },
  ];
  const many = { namespace: 'others', tokens: await platform.tokens('others', tokensCount) } as const;
  all.push({ label: `${whole(tokensCount)} tokens in turn, 200 rules`, ...many });
  const paths = { node: '/fast.Fast/Call', service: '/everything.Everything/Echo' };
  const chosen = process.env.MICRO_WIRE_ONLY?.split(',') ?? Object.keys(paths);
  for (const [name, path] of Object.entries(paths)) {
    if (!chosen.includes(name)) continue;
    const to = name === 'node' ? 'a node that answers at once' : 'an SDK service';
    console.log(
      `unary calls of ${message.length} bytes through the proxy to ${to}, ${connections} connections x ${streams} streams, calls/s`,
    );
    print(all, await measure(platform, path, all));
  }
} finally {
  await platform.stop();
}
