/** A third-party manifest as the rest of the program knows manifests: data, with a load() in front of the code. Loads nothing by itself. */

import type { CommandPlugin, DriverPlugin, Plugin, ServicePlugin, Verb } from '../contract/plugin.ts';
import type { ExternalManifest } from './manifest.ts';

/** `run` gives what the plugin's file exports; it is called once, when the first code is wanted. */
export const pluginOf = (manifest: ExternalManifest, run: () => Plugin): Plugin => {
  let loaded: Plugin | undefined;
  const code = (): Plugin => {
    loaded ??= run();
    return loaded;
  };
  const { id, summary, config } = manifest;
  switch (manifest.kind) {
    case 'driver': {
      const { needs, provides } = manifest;
      const load = async () => (code() as DriverPlugin<unknown, {}, {}>).load();
      return { kind: 'driver', id, summary, config, needs, provides: { name: provides, mode: 'one' }, load };
    }
    case 'service': {
      const { needs, port } = manifest;
      const load = async () => (code() as ServicePlugin<{}, {}>).load();
      return { kind: 'service', id, summary, config, needs, port, protos: [], load };
    }
    case 'command':
      return {
        kind: 'command',
        id,
        summary,
        config,
        verbs: manifest.verbs.map((verb) => ({ ...verb, load: async () => verbCode(code(), verb.words, id) })),
      };
  }
};

const verbCode = (plugin: Plugin, words: string, id: string): ReturnType<Verb['load']> => {
  const verb = (plugin as CommandPlugin<{}>).verbs.find((v) => v.words === words);
  if (verb === undefined) throw new Error(`plugin ${id}: its code has no verb ${words}: build it again`);
  return verb.load();
};
