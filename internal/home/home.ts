/** The user's side of micro: ~/.micro with its config and tokens files. Owns where they are; environments.ts and session.ts say what they mean. */

import { join, resolve } from 'node:path';

import { adoptV2File } from './adopt-v2-file.ts';
import { type ConfigFile, openConfigFile } from './config-file.ts';
import { microDir } from './home-dir.ts';
import { openTokensFile, type TokensFile } from './tokens-file.ts';

export interface Home {
  /** `~/.micro`; throws ExitError when no home folder is known. */
  readonly dir: string;
  readonly config: ConfigFile;
  /** Always in `dir`; another config file does not move it. */
  readonly tokens: TokensFile;
}

export interface HomeOptions {
  /** Another config.json (`--c`, MICRO_CONFIG_FILE); empty counts as not given, a relative path starts at the working folder. */
  readonly configFile?: string;
  /** Another `~/.micro`, for tests. */
  readonly dir?: string;
}

/** Touches nothing yet: folder and files are made by the first write. */
export const openHome = (o: HomeOptions = {}): Home => {
  const dirOf = (): string => o.dir ?? microDir();
  const configFile = o.configFile ? resolve(o.configFile) : undefined;
  return {
    get dir() {
      return dirOf();
    },
    config:
      configFile === undefined
        ? openConfigFile(
            () => join(dirOf(), 'config.json'),
            () => adoptV2File(dirOf()),
          )
        : openConfigFile(() => configFile),
    tokens: openTokensFile(() => join(dirOf(), 'tokens')),
  };
};
