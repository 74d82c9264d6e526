/** `micro update SOURCE`: uploads the folder again and asks the server to change over (cli.md 2.3.3). Prints nothing. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { Runtime, RuntimeService, ServiceRef } from '../../../internal/contract/runtime.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseReference } from '../../../internal/source/locate.ts';
import { locateFolder } from '../../../internal/source/locate-folder.ts';
import { pack } from '../../../internal/source/pack.ts';

import type { config, flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { namespace } = placeOfSettings(ctx.config);
  const { runtime } = ctx.needs;
  const { signal } = ctx;
  const { instances } = call.flags;
  if (instances !== undefined && instances < 1) throw new ExitError(`--instances must be at least 1: ${instances}`, 1);
  const argument = call.args[0] ?? '';
  const known = await runningService(argument, runtime, { namespace, signal });
  const source = locateFolder(known?.metadata.source ?? argument, process.cwd());
  const ref = referenceOf(call.flags.name, known ?? source);
  const id = await runtime.upload(ref, pack(source.root), { namespace, signal });
  await runtime.update(
    { ...ref, source: id, metadata: { source: source.display } },
    { entrypoint: source.entrypoint || undefined, instances, namespace, signal },
  );
};

/** A word that is no folder here may be the name of a service that runs: then its own folder is meant. */
const runningService = async (
  argument: string,
  runtime: Pick<Runtime, 'read'>,
  o: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<RuntimeService | undefined> => {
  if (existsSync(resolve(process.cwd(), argument))) return undefined;
  const { name, version } = parseReference(argument, process.cwd());
  const services = await runtime.read({ service: name, ...o });
  return services.find((s) => s.name === name && s.version === version);
};

/** `--name NAME[@VERSION]`, else what the source says. */
const referenceOf = (named: string | undefined, found: ServiceRef): ServiceRef => {
  if (!named) return { name: found.name, version: found.version };
  const ref = parseReference(named, process.cwd());
  return { name: ref.name, version: named.includes('@') ? ref.version : found.version };
};
