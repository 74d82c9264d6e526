/** `micro user config`: five lines on who you are and what you set (cli.md 2.10). Shows no credential; works without a server. */

import { isMicroError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome, type Home } from '../../../internal/home/home.ts';
import { readLogin } from '../../../internal/home/login.ts';
import { chosenNamespace } from '../../../internal/home/namespaces.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, needs } from './plugin.ts';
import { who } from './who.ts';

type Context = PluginContext<typeof config, typeof needs>;

const hidden = '[hidden]';

export const run = async ({ out }: Call, ctx: Context): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const { environment } = placeOfSettings(ctx.config);
  const values = {
    user: await userName(ctx, home),
    namespace: chosenNamespace(home.config, environment),
    environment,
    'git.credentials': isSet(gitOf(home).credentials) ? hidden : '',
    'git.baseurl': baseUrl(home, environment),
  };
  const lines = Object.entries(values);
  if (out.format === 'json') out.json(Object.fromEntries(lines.map(([name, value]) => [name, value || null])));
  else for (const [name, value] of lines) out.line(`${name}: ${value || 'n/a'}`);
};

/** The name that the server knows; the id of the saved login when the server cannot be asked. */
const userName = async (ctx: Context, home: Home): Promise<string> => {
  try {
    const { account } = await who(ctx.needs, ctx.signal);
    return account.name || account.id;
  } catch (e) {
    if (ctx.signal.aborted) throw e;
    return isMicroError(e) ? (readLogin(home, placeOfSettings(ctx.config))?.id ?? '') : '';
  }
};

const gitOf = (home: Home): Readonly<Record<string, unknown>> => {
  const { git } = home.config.read();
  return typeof git === 'object' && git !== null ? (git as Record<string, unknown>) : {};
};

/** Some text below it; deleting a key leaves an empty one behind. */
const isSet = (value: unknown): boolean => {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return value !== undefined && value !== null && value !== '';
};

/** The environment's own before the general one; a password in it is a credential too. */
const baseUrl = (home: Home, environment: string): string => {
  const url = home.config.get(`git.${environment}.baseurl`) || home.config.get('git.baseurl');
  return url.replace(/^((?:[a-z+]+:\/\/)?)[^/@]*@/i, `$1${hidden}@`);
};
