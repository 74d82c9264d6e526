/** `micro help [COMMAND…]`: the same pages as `--help`. Knows the manifests, loads no command. */

import { helpFor } from '../../../internal/cli/help-for.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';

import type { needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const page = await helpFor(call.args, { plugins: host.manifests(), version: host.version });
  if (page === undefined) throw new ExitError(`No help topic for '${call.args.join(' ')}'`, 3);
  call.out.write(page);
};
