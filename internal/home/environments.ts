/** Environments: named addresses of micro servers (cli.md 4). Owns the key `envs` and which one is selected; dials nothing. How their servers are believed is in environment-trust.ts. */

import { ExitError } from '../contract/error.ts';
import type { TlsTrust } from '../contract/tls.ts';
import type { ConfigFile, ConfigValues, JsonObject } from './config-file.ts';
import { trustValues } from './environment-trust.ts';
import { parseAddress } from './target.ts';

export interface Environment {
  readonly name: string;
  /** As stored: `host:port`, `host` (TLS on 443) or `https://host:port`; may be empty. */
  readonly address: string;
  readonly description: string;
  readonly builtin: boolean;
}

/** In the reference's order; own ones come after them, sorted. */
export const builtinEnvironments: readonly Environment[] = [
  { name: 'local', address: '127.0.0.1:8081', description: 'Local running Micro Server', builtin: true },
  { name: 'dev', address: 'proxy.m3o.dev', description: 'Cloud hosted development environment', builtin: true },
  { name: 'platform', address: 'proxy.m3o.com', description: 'Cloud hosted Micro Platform', builtin: true },
];

/** Keys of the config file that an environment of that name would mix with its own `NAME.current-user`. */
const reservedNames: ReadonlySet<string> = new Set(['env', 'envs', 'plugins', 'tls']);
const wrongArgument = 128;

export const listEnvironments = (config: ConfigFile): readonly Environment[] => [
  ...builtinEnvironments,
  ...Object.values(readOwn(config)).sort(byName),
];

/** `--env` or MICRO_ENV, else the key `env`, else `local`; the name need not exist. */
export const selectedName = (config: ConfigFile, override?: string): string => override || config.get('env') || 'local';

/** Throws ExitError 1 with v3's text when the name is unknown. */
export const findEnvironment = (config: ConfigFile, name: string): Environment => {
  const found = listEnvironments(config).find((env) => env.name === name);
  if (found !== undefined) return found;
  throw new ExitError(`Env "${name}" not found. See \`micro env\` for available environments.`, 1);
};

export interface EnvironmentDetails {
  readonly description?: string;
  readonly trust?: TlsTrust;
}

/** Stores one of the user's own, in place of all that was stored under its name. Throws ExitError for builtin names and for what is no address. */
export const addEnvironment = async (
  config: ConfigFile,
  name: string,
  address: string,
  { description = '', trust }: EnvironmentDetails = {},
): Promise<void> => {
  requireName(name);
  if (address !== '') parseAddress(address);
  await writeOwn(
    config,
    (own) => ({ ...own, [name]: { name, address, description, builtin: false } }),
    (get) => ({
      ...trustValues(name, address, trust),
      ...(parseOwn(get('envs'), config.file)[name]?.address === address ? {} : forgetOthers(name, get)),
    }),
  );
};

/** What stands under the name alone and was about another server. Logins are kept by address and need not go. */
const forgetOthers = (name: string, get: ConfigFile['get']): ConfigValues => {
  const blank = ['token', 'refresh-token', 'expiry'].map((key) => `micro.auth.${name}.${key}`);
  return {
    ...Object.fromEntries(blank.filter((key) => get(key) !== '').map((key) => [key, ''])),
    [`${name}.logged-out`]: undefined,
  };
};

/** Removes one of the user's own. Throws ExitError 128 for the current, a builtin or an unknown one. */
export const deleteEnvironment = async (config: ConfigFile, name: string): Promise<void> => {
  const known = requireKnown(config, name);
  if (selectedName(config) === name)
    throw new ExitError(
      `Environment '${name}' is your current environment. Before deleting it, please change your current environment.`,
      wrongArgument,
      { hint: 'micro env set NAME' },
    );
  if (known.builtin) throw builtinFault(name);
  await writeOwn(
    config,
    (own) => Object.fromEntries(Object.entries(own).filter(([key]) => key !== name)),
    (get) => ({ ...trustValues(name, '', undefined), ...forgetOthers(name, get) }),
  );
};

/** Selects the environment of later runs. Throws ExitError 128 for an unknown one. */
export const selectEnvironment = async (config: ConfigFile, name: string): Promise<void> => {
  requireKnown(config, name);
  await config.set({ env: name });
};

const requireKnown = (config: ConfigFile, name: string): Environment => {
  const found = listEnvironments(config).find((env) => env.name === name);
  if (found !== undefined) return found;
  throw new ExitError(`Environment '${name}' does not exist`, wrongArgument, { hint: 'micro env lists them' });
};

const builtinFault = (name: string): ExitError =>
  new ExitError(`Environment '${name}' is builtin and cannot be changed`, wrongArgument, {
    hint: 'choose another name: micro env add NAME ADDRESS',
  });

const requireName = (name: string): void => {
  if (builtinEnvironments.some((env) => env.name === name)) throw builtinFault(name);
  const [first = ''] = name.split('.');
  const bad = name === '' || /[\s/]|\p{Cc}/u.test(name) || name.split('.').includes('') || reservedNames.has(first);
  if (bad) throw new ExitError(`bad environment name: "${name}"`, wrongArgument);
};

type Own = Readonly<Record<string, Environment>>;

const readOwn = (config: ConfigFile): Own => parseOwn(config.get('envs'), config.file);

/** The user's own; builtin names in the file are left over from v3, which writes them along, and do not count. */
const parseOwn = (text: string, file: string): Own => {
  if (text === '') return {};
  const own: Record<string, Environment> = Object.create(null);
  for (const [name, value] of Object.entries(parseTable(text, file))) {
    if (builtinEnvironments.some((env) => env.name === name) || typeof value !== 'object' || value === null) continue;
    const { ProxyAddress: address, Description: description } = value as JsonObject;
    own[name] = { name, address: textOf(address), description: textOf(description), builtin: false };
  }
  return own;
};

const parseTable = (text: string, file: string): JsonObject => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Falls through to the one error below: either way the table cannot be read.
  }
  throw new ExitError(`${file}: the key envs does not hold a table of environments`, 1, {
    hint: `fix it or move it away: mv ${file} ${file}.bad`,
  });
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The table is a JSON text inside a string, with the builtin ones written along, as v3's command line expects it. */
const writeOwn = (
  config: ConfigFile,
  change: (own: Own) => Own,
  beside: (get: ConfigFile['get']) => ConfigValues,
): Promise<void> =>
  config.set((get) => {
    const own = Object.values(change(parseOwn(get('envs'), config.file)));
    const table = [...builtinEnvironments, ...own].sort(byName).map((env) => [env.name, storedForm(env)]);
    return { envs: JSON.stringify(Object.fromEntries(table)), ...beside(get) };
  });

const storedForm = (env: Environment): JsonObject => ({
  Name: env.name,
  ProxyAddress: env.address,
  Description: env.description,
});

const byName = (a: Environment, b: Environment): number => (a.name < b.name ? -1 : 1);
