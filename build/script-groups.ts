/**
 * Which chunks share one script. A script costs the same to find, read and compile whatever its size, so chunks that a kind of run always
 * needs together lie together. Pure: a table and the bundle's import graph; the order of the table decides.
 */

import type { Metafile } from 'esbuild';

/** Group -> sources whose chunks, with everything they import statically, belong to it. A chunk goes to the first group that claims it. */
const groups: Readonly<Record<string, readonly string[]>> = {
  cli: ['build/sea/main.ts', 'internal/cli/usage.ts'],
  verb: ['cmd/micro/run-verb.ts'],
  // What speaks to no server, and what it shares with commands that do.
  local: ['plugins/commands/env/list.ts', 'plugins/commands/plugin/list.ts', 'plugins/commands/upgrade/upgrade.ts'],
  call: [
    'plugins/commands/dynamic/dynamic.ts',
    'plugins/drivers/client/proxy/proxy-client.ts',
    'plugins/drivers/registry/rpc/rpc-registry.ts',
  ],
  // `micro run`, `status` and their like: without this they would read all of the server.
  runtime: [
    'plugins/drivers/runtime/rpc/rpc-runtime.ts',
    'plugins/commands/run/run.ts',
    'plugins/commands/status/status.ts',
  ],
  service: ['sdk/index.ts', 'plugins/drivers/auth/rpc/rpc-auth.ts', 'plugins/drivers/store/rpc/rpc-store.ts'],
  server: [
    'plugins/commands/server/server.ts',
    'internal/host/serve.ts',
    'plugins/drivers/auth/local/local-auth.ts',
    'plugins/drivers/blob/sqlite/sqlite-blob.ts',
    'plugins/drivers/registry/sqlite/sqlite-registry.ts',
    'plugins/drivers/router/registry/registry-router.ts',
    'plugins/drivers/client/direct/direct-client.ts',
    'plugins/drivers/runtime/local/local-runtime.ts',
    'plugins/drivers/store/sqlite/sqlite-store.ts',
    'plugins/services/api/gateway.ts',
    'plugins/services/auth/service.ts',
    'plugins/services/proxy/proxy-service.ts',
    'plugins/services/registry/service.ts',
    'plugins/services/runtime/service.ts',
    'plugins/services/store/service.ts',
  ],
};

/** What a service's process shares with the command line: it must not read all of that for it. */
const childSources: readonly string[] = ['build/sea/child.ts', 'sdk/child.ts', 'sdk/index.ts'];

/** Chunk -> script for each chunk that shares one; paths are those of the metafile. Sources that are gone are passed over. */
export const scriptGroups = (outputs: Metafile['outputs']): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const claim = (group: string, chunks: Iterable<string>): void => {
    for (const chunk of chunks) if (!found.has(chunk)) found.set(chunk, `${group}.script.js`);
  };
  const cli = closure(outputs, groups.cli ?? []);
  const child = closure(outputs, childSources);
  claim('base', both(cli, closure(outputs, childSources.slice(0, 2))));
  claim('shared', both(cli, child));
  claim('child', closure(outputs, childSources.slice(0, 2)));
  for (const [group, sources] of Object.entries(groups)) claim(group, closure(outputs, sources));
  return found;
};

const both = (a: ReadonlySet<string>, b: ReadonlySet<string>): Iterable<string> => [...a].filter((x) => b.has(x));

/** Outputs of the sources and whatever they import statically. */
const closure = (outputs: Metafile['outputs'], sources: readonly string[]): Set<string> => {
  const seen = new Set<string>();
  const add = (path: string): void => {
    const output = outputs[path];
    if (seen.has(path) || output === undefined) return;
    seen.add(path);
    for (const { path: imported, kind } of output.imports) if (kind === 'import-statement') add(imported);
  };
  for (const [path, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined && sources.includes(entryPoint)) add(path);
  return seen;
};
