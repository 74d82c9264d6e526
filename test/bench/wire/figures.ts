/** How the wire benchmark is sized, and how its figures are taken and printed. */

/** A number from the environment. */
export const setting = (name: string, fallback: number): number =>
  Number(process.env[`MICRO_WIRE_${name}`] ?? fallback);
/** Of each load, and how often each is repeated; the shape of loads; calls of the latency measured. */
export const seconds = setting('SECONDS', 2);
export const rounds = setting('ROUNDS', 3);
export const connections = setting('CONNECTIONS', 8);
export const streams = setting('STREAMS', 10);
export const latencyCalls = setting('CALLS', 60_000);

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
export const whole = (n: number): string => Math.round(n).toLocaleString('en');
export const line = (what: string, figure: string, rest = ''): void =>
  console.log(`  ${what.padEnd(34)} ${figure.padStart(10)}  ${rest}`.trimEnd());

/** Every target in turn, `rounds` times, so that a busy moment of the machine hits all; what each was measured at, by round. */
export const inTurns = async <T, R>(
  targets: Readonly<Record<string, T>>,
  measure: (target: T) => Promise<R>,
): Promise<Readonly<Record<string, readonly R[]>>> => {
  const results = Object.fromEntries(Object.keys(targets).map((name) => [name, [] as R[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, target] of Object.entries(targets)) results[name]!.push(await measure(target));
  return results;
};

/** The median over rounds of one target's figure by another's. */
export const ratio = (a: readonly number[], b: readonly number[]): string =>
  median(a.map((x, n) => x / b[n]!)).toFixed(2);

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
