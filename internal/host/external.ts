/**
 * Third-party plugins beside the builtin ones: which of those found are used, and their manifests as the rest of the host knows manifests.
 * Their code is loaded when a plan or a command includes it. Reads folders through internal/external; trusts what that trusts.
 */

import type { ExternalPlugin } from '../contract/host.ts';
import type { Plugin } from '../contract/plugin.ts';
import { entryFault, findPlugins, type FoundPlugin, loadPluginCode } from '../external/plugin-folders.ts';
import { pluginOf } from '../external/plugin-of.ts';
import { clashOf, type Holder } from '../external/clash.ts';

export interface External {
  /** Manifests of those that are used. */
  readonly plugins: readonly Plugin[];
  /** All that were found. */
  readonly found: readonly ExternalPlugin[];
}

export interface ExternalOptions {
  /** `~/.micro/plugins`. */
  readonly dir: string;
  readonly builtins: readonly Plugin[];
  /** Reads and hashes the code as well, which otherwise waits until it is loaded. */
  readonly checkCode?: boolean;
}

/** Throws nothing for a bad plugin: it is found with the reason why it is not used. */
export const readExternal = (o: ExternalOptions): External => {
  const trusted: Holder[] = [];
  const found = findPlugins(o.dir).map((one): ExternalPlugin & { readonly plugin?: Plugin } => {
    const plugin = one.manifest && pluginOf(one.manifest, () => loadPluginCode(one));
    if (one.state !== 'trusted' || plugin === undefined) return describe(one, one.state, one.reason);
    const fault = o.checkCode === true ? entryFault(one) : '';
    if (fault !== '') return describe(one, 'not trusted', fault);
    trusted.push({ plugin, origin: originOf(one.folder) });
    return { ...describe(one, 'trusted', ''), plugin };
  });
  const builtins = o.builtins.map((plugin): Holder => ({ plugin, origin: 'builtin' }));
  const judged = found.map(({ plugin, ...one }): { readonly one: ExternalPlugin; readonly plugin?: Plugin } => {
    if (plugin === undefined) return { one };
    const others = trusted.filter((other) => other.plugin !== plugin);
    const clash = clashOf({ plugin, origin: originOf(one.folder) }, [...builtins, ...others]);
    return clash === undefined ? { one, plugin } : { one: { ...one, state: 'refused', reason: clash, clashes: true } };
  });
  return {
    plugins: judged.flatMap(({ plugin }) => plugin ?? []),
    found: judged.map(({ one }) => one),
  };
};

const originOf = (folder: string): string => `folder ${folder}`;

const describe = (
  { folder, manifest }: FoundPlugin,
  state: ExternalPlugin['state'],
  reason: string,
): ExternalPlugin => ({
  folder,
  id: manifest?.id,
  kind: manifest?.kind,
  version: manifest?.version,
  words: manifest?.kind === 'command' ? manifest.verbs.map((verb) => verb.words) : [],
  state,
  reason,
});
