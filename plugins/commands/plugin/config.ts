/** `micro plugin config ID`: settings with values and where they come from. Secrets stay masked. */

import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, Plugin, PluginContext } from '../../../internal/contract/plugin.ts';

import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const [id = ''] = call.args;
  const plugin = host.manifests().find((p) => p.id === id);
  if (plugin === undefined) throw unknownPlugin(id, host.manifests());
  call.out.table(
    host
      .settings(plugin.id)
      .map((setting) => ({ ...setting, env: plugin.config?.[setting.name]?.env as string | undefined })),
    [
      { title: 'SETTING', value: ({ name }) => name },
      { title: 'VALUE', value: ({ value }) => value || '-' },
      { title: 'FROM', value: ({ origin }) => origin },
      { title: 'VARIABLE', value: ({ env }) => env ?? '-' },
      { title: 'MEANING', value: ({ doc }) => doc },
    ],
  );
};

const unknownPlugin = (id: string, all: readonly Plugin[]): ExitError => {
  const near = nearest(
    id,
    all.map((p) => p.id),
  );
  return new ExitError(`there is no plugin ${id}`, 1, {
    hint: near === undefined ? 'micro plugin list shows all' : `did you mean ${near}?`,
  });
};
