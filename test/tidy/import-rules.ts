/** Who may import whom (house 2.1), as data, and where each third-party package lives. Judges single imports; reads no files. */

import type { Import } from './source-files.ts';
import { isTest } from './source-files.ts';

const leaves = ['internal/contract'];
const leavesAndTime = [...leaves, 'internal/log', 'internal/time'];

/** Area -> areas it may import, its own always included. An area is a folder; `plugins` splits into manifests and code. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'proto/gen': [],
  'internal/contract': [],
  'internal/log': leaves,
  'internal/time': leaves,
  // Keys and certificates are written like other secrets.
  'internal/tls': [...leavesAndTime, 'internal/auth', 'internal/process'],
  'internal/h2': [...leaves, 'internal/tls'],
  // A duration is read and written in one place only.
  'internal/field': [...leaves, 'internal/time'],
  'internal/process': leavesAndTime,
  'internal/home': [...leavesAndTime, 'internal/tls'],
  'internal/auth': leavesAndTime,
  'internal/trace': leavesAndTime,
  'internal/sqlite': leavesAndTime,
  'internal/registry': leavesAndTime,
  'internal/source': [...leavesAndTime, 'internal/process'],
  'internal/release': leaves,
  'internal/schema': [...leaves, 'internal/field', 'proto/gen'],
  'internal/rpc': [...leavesAndTime, 'internal/schema', 'internal/trace', 'internal/h2', 'internal/tls'],
  'internal/http': [...leavesAndTime, 'internal/schema', 'internal/trace', 'internal/h2', 'internal/tls'],
  // Help shows durations.
  'internal/cli': [...leaves, 'internal/field', 'internal/time'],
  // One conversation for two commands, which may not import each other.
  'internal/signup': [...leaves, 'internal/cli', 'internal/home'],
  // Settings are read and names suggested by the same code as flags: cli/argv.ts, cli/suggest.ts, cli/global-flags.ts.
  // ~/.micro/plugins: the host uses what is there, `micro plugin` adds and removes.
  'internal/external': [...leaves, 'internal/home'],
  'internal/host': [
    ...leavesAndTime,
    'internal/external',
    'internal/field',
    'internal/home',
    'internal/auth',
    'internal/process',
    'internal/cli',
  ],
  manifest: leaves,
  plugins: [
    ...leavesAndTime,
    'internal/external',
    'internal/field',
    'internal/h2',
    'internal/process',
    'internal/home',
    'internal/auth',
    'internal/tls',
    'internal/trace',
    'internal/sqlite',
    'internal/registry',
    'internal/source',
    'internal/release',
    'internal/schema',
    'internal/rpc',
    'internal/http',
    'internal/cli',
    'internal/signup',
    // Message types of the core protos come with the stubs and handlers of internal/schema.
    'proto/gen',
  ],
  'plugins/index.gen.ts': ['internal/contract', 'manifest'],
  // sdk/child.ts is what this program becomes inside a service process.
  'cmd/micro': [
    'internal/host',
    'internal/cli',
    'internal/log',
    'internal/home',
    'internal/process',
    'internal/contract',
    'plugins/index.gen.ts',
    'sdk',
  ],
  sdk: [...leavesAndTime, 'internal/host', 'internal/rpc', 'internal/schema', 'manifest'],
};

/** More than the folder's rule, for one file. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // The one place that opens a gRPC port for services.
  'internal/host/serve.ts': ['internal/rpc', 'internal/trace'],
  // In the executable our own code stands in no folder: internal/process/embedded.ts knows where.
  'sdk/child.ts': ['internal/process'],
};

/** Nothing of ours but tests may import these, and they may import anything. */
const open: readonly string[] = ['build', 'test'];

/** Package -> path prefixes that may import it. Packages not named here may be imported nowhere but in build and test. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': ['internal/rpc/'],
  '@opentelemetry/api': ['internal/trace/'],
  cac: ['internal/cli/'],
  esbuild: ['plugins/drivers/builder/typescript/', 'plugins/commands/plugin/'],
  ignore: ['internal/source/'],
  '@peculiar/x509': ['internal/tls/'],
  'acme-client': ['internal/tls/acme/'],
  // Its tests alone: a second opinion on tokens.
  jose: ['internal/auth/'],
  picocolors: ['internal/cli/', 'internal/log/'],
  protobufjs: ['internal/schema/', 'proto/gen/'],
  sqlite3: ['internal/sqlite/'],
  tar: ['internal/source/'],
  undici: ['internal/http/'],
};

/** The area a file belongs to; undefined for files of no area (package.json). */
export const areaOf = (path: string): string | undefined => {
  if (path === 'plugins/index.gen.ts') return path;
  const [top, second] = path.split('/');
  if (top === 'plugins') return path.endsWith('/plugin.ts') ? 'manifest' : 'plugins';
  if (top === 'internal' || top === 'cmd' || (top === 'proto' && second === 'gen')) return `${top}/${second}`;
  return path.includes('/') ? top : undefined;
};

/** `plugins/drivers/store/sqlite/x.ts` -> `plugins/drivers/store/sqlite`: driver folders are one level deeper. */
export const pluginFolder = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('plugins/drivers/') ? 4 : 3)
    .join('/');

/** Why this import may not be; undefined when it may. */
export const importFault = (path: string, one: Import): string | undefined => {
  const from = areaOf(path);
  if (from === undefined || open.includes(from)) return undefined;
  if (one.target === undefined) return packageFault(path, one.specifier);
  const to = areaOf(one.target);
  if (to === undefined) return undefined;
  const text = `${path}:${one.line} imports ${one.target}: `;
  if (to === 'test') return isTest(path) ? undefined : `${text}only tests import test (house 2.1)`;
  if (isTest(path)) return undefined;
  if (from === 'examples' && to !== 'examples') return `${text}examples import micro only`;
  if (from === 'plugins' || from === 'manifest') return pluginFault(path, one, text);
  if (to === from) return undefined;
  const may = [...(allowed[from] ?? []), ...(exceptions[path] ?? [])];
  return may.includes(to) ? undefined : `${text}${from} may not import ${to} (house 2.1)`;
};

const pluginFault = (path: string, one: Import, text: string): string | undefined => {
  const target = one.target as string;
  const to = areaOf(target) as string;
  if (to === 'plugins' || to === 'manifest') {
    if (pluginFolder(path) !== pluginFolder(target)) return `${text}plugins meet through needs (docs/adr/0002)`;
    const isManifest = areaOf(path) === 'manifest';
    // load() is where a manifest names its code; anything else would load it with the manifest.
    const lazy = one.typeOnly || one.dynamic === true;
    return isManifest && !lazy ? `${text}a manifest loads no code of its own (docs/adr/0001)` : undefined;
  }
  const may = allowed[areaOf(path) as string] ?? [];
  return may.includes(to) ? undefined : `${text}${areaOf(path)} may not import ${to} (house 2.1)`;
};

const packageFault = (path: string, specifier: string): string | undefined => {
  if (specifier.startsWith('node:') || isTest(path)) return undefined;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (name === 'micro') return path.startsWith('examples/') ? undefined : `${path} imports micro: only services do`;
  const homes = packageHomes[name] ?? [];
  return homes.some((home) => path.startsWith(home))
    ? undefined
    : `${path} imports ${name}: it lives in ${homes.join(' and ') || 'build and test'} (house 2.1)`;
};
