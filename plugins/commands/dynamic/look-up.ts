/** Finds the service that a word names, in the order of cli.md 3.1, or says that there is none and what comes near. */

import { nearest } from '../../../internal/cli/suggest.ts';
import type { Client } from '../../../internal/contract/client.ts';
import { coreServiceNames, defaultNamespace } from '../../../internal/contract/core.ts';
import { ExitError, isMicroError, microError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Endpoint, Registry, Service } from '../../../internal/contract/registry.ts';

export interface FoundService {
  readonly name: string;
  /** Where it was found, and so where its calls go. */
  readonly namespace: string;
  /** Of the first entry, as registered. */
  readonly version: string;
  /** Those of the first version, then what only others have; subscribers, which nobody calls, are left out. */
  readonly endpoints: readonly Endpoint[];
}

export interface LookUpOptions {
  readonly registry: Registry;
  readonly client: Client;
  readonly host: Host;
  readonly ownNamespace: string;
  readonly signal: AbortSignal;
}

/** Waits for one that is only just starting. Throws ExitError 1 when there is no such service; what the registry refuses goes through. */
export const lookUp = async (name: string, o: LookUpOptions): Promise<FoundService> => {
  for (const namespace of namespacesFor(name, o.ownNamespace)) {
    const [first, ...others] = await versionsOf(name, namespace, o);
    if (first === undefined) continue;
    return foundIn(namespace, name, [first, ...others]);
  }
  if (!coreServiceNames.includes(name)) {
    const { awaitStart } = await import('./await-start.ts');
    const [first, ...others] = await awaitStart(name, o.ownNamespace, o);
    if (first !== undefined) return foundIn(o.ownNamespace, name, [first, ...others]);
  }
  const hint = suggestion(name, [...commandWords(o.host), ...(await serviceNames(o))]);
  throw new ExitError(`Unrecognized micro command: ${name}. Please refer to 'micro --help'`, 1, { hint });
};

const foundIn = (namespace: string, name: string, versions: readonly [Service, ...Service[]]): FoundService => ({
  name,
  namespace,
  version: versions[0].version,
  endpoints: callable(versions),
});

const namespacesFor = (name: string, own: string): readonly string[] =>
  coreServiceNames.includes(name) ? [defaultNamespace] : [...new Set([own, defaultNamespace])];

const versionsOf = async (name: string, namespace: string, o: LookUpOptions): Promise<readonly Service[]> => {
  try {
    return await o.registry.get(name, { domain: namespace, signal: o.signal });
  } catch (e) {
    if (isMicroError(e) && e.code === 404) return [];
    // A mistyped command must not end in a riddle about servers: what it comes near is said along with the refusal.
    const near = suggestion(name, commandWords(o.host));
    if (!isMicroError(e) || e.hint !== undefined || near === undefined) throw e;
    const hint = e.code < 500 ? near : `${near} otherwise: is a server running? micro server starts one`;
    throw microError(e.code, e.id, e.detail, { cause: e, hint });
  }
};

const callable = (versions: readonly Service[]): readonly Endpoint[] => {
  const byName = new Map<string, Endpoint>();
  for (const endpoint of versions.flatMap((v) => v.endpoints))
    if (!byName.has(endpoint.name) && endpoint.metadata.subscriber !== 'true') byName.set(endpoint.name, endpoint);
  return [...byName.values()];
};

/** First words of what can be typed. */
const commandWords = (host: Host): readonly string[] => {
  const verbs = host.manifests().flatMap((plugin) => (plugin.kind === 'command' ? plugin.verbs : []));
  const words = verbs.filter((verb) => verb.hidden !== true).map((verb) => verb.words.split(' ')[0] ?? '');
  return [...new Set(words)].filter((word) => word !== '*');
};

const serviceNames = async (o: LookUpOptions): Promise<readonly string[]> => {
  const domains = [...new Set([o.ownNamespace, defaultNamespace])];
  const lists = await Promise.allSettled(domains.map((domain) => o.registry.list({ domain, signal: o.signal })));
  // Only a hint hangs on this list: where it may not be read, the hint does without.
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value.map((s) => s.name) : []));
};

const suggestion = (name: string, candidates: readonly string[]): string | undefined => {
  const near = nearest(name, candidates);
  return near === undefined || near === name ? undefined : `did you mean ${near}?`;
};
