/** Every plugin this run may use: the builtin ones, and what ~/.micro/plugins holds. MICRO_PLUGINS=off ignores that folder. Loads no code of any. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ExitError } from '../../internal/contract/error.ts';
import type { ExternalPlugin } from '../../internal/contract/host.ts';
import type { Plugin } from '../../internal/contract/plugin.ts';
import { microDir } from '../../internal/home/home-dir.ts';
import { plugins as builtins } from '../../plugins/index.gen.ts';

export interface PluginTable {
  readonly plugins: readonly Plugin[];
  /** All third-party plugins that were found. */
  readonly external: readonly ExternalPlugin[];
  /** The folder is ignored, so nobody knows what is in it. */
  readonly externalOff: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `argv` tells whether the plugins themselves are the subject: only then is all their code read and hashed at once. */
export const pluginTable = async (env: Environment, argv: readonly string[]): Promise<PluginTable> => {
  const off = isOff(env.MICRO_PLUGINS);
  const dir = off ? undefined : folder();
  if (dir === undefined || !existsSync(dir)) return { plugins: builtins, external: [], externalOff: off };
  const { readExternal } = await import('../../internal/host/external.ts');
  const { plugins, found } = readExternal({ dir, builtins, checkCode: argv.includes('plugin') });
  return { plugins: [...builtins, ...plugins], external: found, externalOff: false };
};

const isOff = (text: string | undefined): boolean => {
  if (text === undefined || text === '' || text === 'on') return false;
  if (text === 'off') return true;
  throw new ExitError(`MICRO_PLUGINS is neither on nor off: ${text}`, 1);
};

/** Without a home there are no plugins; whoever needs the home itself says so. */
const folder = (): string | undefined => {
  try {
    return join(microDir(), 'plugins');
  } catch (e) {
    if (e instanceof ExitError) return undefined;
    throw e;
  }
};
