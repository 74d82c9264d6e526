/** `node test/bench/profile.ts FOLDER`: where the processes whose profiles (node --cpu-prof) lie in a folder spent their time, by place and by function. Idle time is left out. */

import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const shown = 25;
/** Processes that did little are not the measured ones. */
const busyMsMin = 1_000;

/** `node:http2`, `@grpc/grpc-js`, `internal/rpc`, `plugins/services/proxy`, `(garbage collector)`, `(program)`. */
const placeOf = (url: string, name: string): string => {
  if (url === '') return name.startsWith('(') ? name : 'native';
  if (url.startsWith('node:')) return url.startsWith('node:internal/http2') ? 'node:http2' : 'node:*';
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (dependency !== null) return dependency[1]!;
  const own = /\/((?:internal|plugins|proto|sdk|cmd|examples)\/.*)\/[^/]+$/.exec(url);
  return own?.[1] ?? basename(url);
};

const add = (sums: Map<string, number>, name: string, ms: number): void => {
  sums.set(name, (sums.get(name) ?? 0) + ms);
};

const print = (sums: ReadonlyMap<string, number>, total: number, count: number): void => {
  for (const [name, ms] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, count))
    console.log(`  ${((100 * ms) / total).toFixed(1).padStart(5)} %  ${name}`);
};

const folder = process.argv[2] ?? '.';
for (const file of globSync('*.cpuprofile', { cwd: folder }).sort()) {
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const places = new Map<string, number>();
  const functions = new Map<string, number>();
  let busy = 0;
  for (const [n, id] of profile.samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === '(idle)') continue;
    const ms = (profile.timeDeltas[n] ?? 0) / 1_000;
    const place = placeOf(url, functionName);
    busy += ms;
    add(places, place, ms);
    add(
      functions,
      url === '' ? functionName : `${functionName || '(anonymous)'}  ${place} ${basename(url)}:${lineNumber + 1}`,
      ms,
    );
  }
  if (busy < busyMsMin) continue;
  console.log(`${file}: busy for ${(busy / 1_000).toFixed(1)} s`);
  print(places, busy, shown);
  console.log('  by function');
  print(functions, busy, shown);
}
