/** `micro run SOURCE`: uploads the folder and asks the server to run it (cli.md 2.3.2). Prints nothing unless told to wait. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseReference } from '../../../internal/source/locate.ts';
import { locateFolder } from '../../../internal/source/locate-folder.ts';
import { pack } from '../../../internal/source/pack.ts';

import type { config, flags, needs } from './plugin.ts';
import { environmentItems, metadataOf, wordsOf } from './run-options.ts';
import { untilRunning } from './until-running.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { flags } = call;
  const source = locateFolder(call.args[0] ?? '', process.cwd());
  const metadata = { source: source.display, ...metadataOf(flags.metadata) };
  const env = environmentItems(flags.env_vars);
  const { namespace } = placeOfSettings(ctx.config);
  const { runtime } = ctx.needs;
  const { signal } = ctx;
  const ref = flags.name ? parseReference(flags.name, process.cwd()) : { name: source.name, version: source.version };
  const id = await runtime.upload(ref, pack(source.root), { namespace, signal });
  await runtime.create(
    { ...ref, source: id, metadata },
    {
      command: wordsOf(flags.command),
      args: wordsOf(flags.args),
      env,
      type: flags.type,
      entrypoint: source.entrypoint || undefined,
      instances: instancesOf(flags.instances),
      force: flags.force,
      namespace,
      signal,
    },
  );
  if (flags.wait) await untilRunning({ runtime, ref, namespace, signal, note: call.out.note });
};

const instancesOf = (count: number | undefined): number | undefined => {
  if (count !== undefined && count < 1) throw new ExitError(`--instances must be at least 1: ${count}`, 1);
  return count;
};
