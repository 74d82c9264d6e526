/**
 * The wire in one run, as ratios: calls through the proxy against direct ones and against nginx, core calls against the same handlers on grpc-js,
 * the latency the proxy adds, streams in MB/s, what open streams cost in memory, a large registry, and TLS. Needs h2load and nginx (Debian: nghttp2-client,
 * nginx-light). MICRO_WIRE_ONLY=unary,fast,core,latency,streaming,memory,registry,tls picks parts; MICRO_WIRE_SECONDS, _ROUNDS, _CONNECTIONS, _STREAMS and
 * _CALLS size them; MICRO_WIRE_PROFILE=FOLDER writes profiles of the server and its services there.
 */

import { core } from './wire/core.ts';
import { hasH2load } from './wire/h2load.ts';
import { memory, registry } from './wire/held.ts';
import { latency } from './wire/latency.ts';
import { type Platform, startPlatform } from './wire/platform.ts';
import { streaming } from './wire/streaming.ts';
import { tls } from './wire/tls.ts';
import { fast, unary } from './wire/unary.ts';

const onPlatform: Readonly<Record<string, (platform: Platform) => Promise<void>>> = {
  unary,
  fast,
  core,
  latency,
  streaming,
};
const alone: Readonly<Record<string, () => Promise<void>>> = { memory, registry, tls };
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
