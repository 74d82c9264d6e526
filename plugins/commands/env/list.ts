/** `micro env` and `micro env list`: the environments in a table of v3's layout (cli.md 2.8). Touches no network. */

import { envLayout, layOut } from '../../../internal/cli/table.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { TlsTrust } from '../../../internal/contract/tls.ts';
import { readTrust } from '../../../internal/home/environment-trust.ts';
import { type Environment, listEnvironments, selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

interface Shown extends Environment {
  readonly current: boolean;
  readonly trust: TlsTrust | undefined;
}

export const run = async (call: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const current = selectedName(home.config, ctx.config.env);
  const shown = listEnvironments(home.config).map((env) => ({
    ...env,
    current: env.name === current,
    trust: env.builtin ? undefined : readTrust(home.config, env.name, env.address),
  }));
  if (call.out.format === 'json') call.out.json(shown.map(toJson));
  else call.out.write(layOut(shown.map(lineText).join(''), envLayout));
};

const toJson = ({ name, address, description, current, trust }: Shown): unknown => ({
  name,
  address,
  description,
  current,
  ...(trust === undefined ? {} : { trust }),
});

/** Cells `<mark> <name> `, ` <address> `, an empty one, ` <description>`; the blanks belong to them. */
const lineText = ({ name, address, description, current, trust }: Shown): string => {
  const remarks = trustText(trust);
  const text = remarks === '' ? description : `${description} (${remarks})`.trimStart();
  return `${current ? '*' : ' '} ${name} \t ${address || 'none'} \t\t ${text}\n`;
};

const trustText = (trust: TlsTrust | undefined): string =>
  [
    trust?.insecure === true ? 'insecure: any certificate is accepted' : '',
    trust?.fingerprint === undefined ? '' : 'pinned',
    trust?.ca === undefined ? '' : 'own authority',
    trust?.cert === undefined ? '' : 'client certificate',
  ]
    .filter((text) => text !== '')
    .join(', ');
