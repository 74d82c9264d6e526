/** `micro version`: the line v3 prints for --version, or what there is to know as JSON. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';

import { embedded } from '../../../internal/process/embedded.ts';
import type { needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const version = `v${ctx.needs.host.version}`;
  if (call.out.format === 'text') return call.out.line(`micro version ${version}`);
  const build = embedded()?.build;
  call.out.json({
    version,
    // Sources that run as they stand have no commit to speak for all of them.
    commit: build?.commit ?? '',
    target: build?.target ?? `${process.platform}-${process.arch}`,
    node: process.version,
  });
};
