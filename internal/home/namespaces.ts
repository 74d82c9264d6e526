/** The namespaces a user works in, per environment (cli.md 4.5): which are known and which one is current. Owns the keys `namespaces.*`; asks no server. */

import { defaultNamespace } from '../contract/core.ts';
import { ExitError } from '../contract/error.ts';
import { namespaceCharsMax } from '../contract/limits.ts';
import type { ConfigFile } from './config-file.ts';

export interface NamespaceOf {
  readonly environment: string;
  readonly namespace: string;
}

const wrongArgument = 128;

const currentKey = (environment: string): string => `namespaces.${environment}.current`;
const allKey = (environment: string): string => `namespaces.${environment}.all`;

/** `micro` first, then the others in the order they were added. */
export const listNamespaces = (config: Pick<ConfigFile, 'get'>, environment: string): readonly string[] => [
  defaultNamespace,
  ...othersOf(config, environment),
];

/** What was chosen for the environment; empty when nothing was. */
export const chosenNamespace = (config: Pick<ConfigFile, 'get'>, environment: string): string => {
  requireEnvironment(environment);
  return config.get(currentKey(environment));
};

export const currentNamespace = (config: Pick<ConfigFile, 'get'>, environment: string): string =>
  chosenNamespace(config, environment) || defaultNamespace;

/** Adding a known one changes nothing. Throws ExitError 128 for what cannot be a namespace. */
export const addNamespace = async (config: ConfigFile, { environment, namespace }: NamespaceOf): Promise<void> => {
  requireBoth({ environment, namespace });
  requireName(namespace);
  await config.set((get) => ({ [allKey(environment)]: listWith({ get }, { environment, namespace }) }));
};

/** Forgets it, and goes back to `micro` when it was the current one. An unknown one is an error. */
export const removeNamespace = async (config: ConfigFile, { environment, namespace }: NamespaceOf): Promise<void> => {
  requireBoth({ environment, namespace });
  if (namespace === defaultNamespace) throw new ExitError('Cannot remove the default namespace', wrongArgument);
  await config.set((get) => {
    const others = othersOf({ get }, environment);
    const isCurrent = get(currentKey(environment)) === namespace;
    if (!others.includes(namespace) && !isCurrent) throw unknown('micro namespace lists them');
    return {
      [allKey(environment)]: others.filter((other) => other !== namespace).join(','),
      ...(isCurrent ? { [currentKey(environment)]: defaultNamespace } : {}),
    };
  });
};

/** Chooses a known one for later commands. */
export const setNamespace = async (config: ConfigFile, { environment, namespace }: NamespaceOf): Promise<void> => {
  requireBoth({ environment, namespace });
  await config.set((get) => {
    if (!listNamespaces({ get }, environment).includes(namespace)) throw unknown(`micro namespace add ${namespace}`);
    return { [currentKey(environment)]: namespace };
  });
};

/** Adds and chooses at once, or chooses without asking whether it is known, as `micro user namespace set` does. */
export const chooseNamespace = async (
  config: ConfigFile,
  { environment, namespace, add = false }: NamespaceOf & { readonly add?: boolean },
): Promise<void> => {
  requireBoth({ environment, namespace });
  requireName(namespace);
  await config.set((get) => ({
    [currentKey(environment)]: namespace,
    ...(add ? { [allKey(environment)]: listWith({ get }, { environment, namespace }) } : {}),
  }));
};

/** The stored list is written by hand and by v3 too: blanks, doubles and the default one in it do not count. */
const othersOf = (config: Pick<ConfigFile, 'get'>, environment: string): readonly string[] => {
  requireEnvironment(environment);
  const names = config
    .get(allKey(environment))
    .split(',')
    .map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== '' && name !== defaultNamespace);
};

const listWith = (config: Pick<ConfigFile, 'get'>, { environment, namespace }: NamespaceOf): string => {
  const others = othersOf(config, environment);
  return (namespace === defaultNamespace ? others : [...new Set([...others, namespace])]).join(',');
};

const requireEnvironment = (environment: string): void => {
  if (environment === '') throw new ExitError('Missing env value', wrongArgument);
};

const requireBoth = ({ environment, namespace }: NamespaceOf): void => {
  requireEnvironment(environment);
  if (namespace === '') throw new ExitError('Missing namespace value', wrongArgument);
};

/** It travels in headers, in a comma list, and in lines of the tokens file between slashes. */
const requireName = (namespace: string): void => {
  if (/[\s,/]|\p{Cc}/u.test(namespace) || namespace.length > namespaceCharsMax)
    throw new ExitError(`bad namespace name: ${JSON.stringify(namespace)}`, wrongArgument, {
      hint: `no blanks, commas or slashes, up to ${namespaceCharsMax} characters`,
    });
};

/** v3's text. */
const unknown = (hint: string): ExitError => new ExitError('Namespace does not exists', wrongArgument, { hint });
