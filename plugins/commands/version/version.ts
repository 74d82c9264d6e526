/** `micro version`: the line v3 prints for --version, or what there is to know as JSON. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';

import type { needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const version = `v${ctx.needs.host.version}`;
  if (call.out.format === 'text') return call.out.line(`micro version ${version}`);
  call.out.json({ version, target: `${process.platform}-${process.arch}`, node: process.version });
};
