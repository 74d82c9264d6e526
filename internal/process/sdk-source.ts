/** Where the text of `micro/plugin` is, for whoever bundles a plugin: a file of the sources, or an asset of the executable. The one place that knows. */

import { fileURLToPath } from 'node:url';

import { embedded } from './embedded.ts';

/** The asset's name: one ES module that imports nothing but Node's own modules. */
export const pluginSdkAsset = 'js/plugin-sdk.mjs';

/** The module as a file on disk, or as text with no place of its own. */
export type SdkSource = { readonly file: string } | { readonly text: string };

/** Throws an Error when the executable was built without it. */
export const pluginSdk = (): SdkSource => {
  const inside = embedded();
  if (inside === undefined) return { file: fileURLToPath(new URL('../../sdk/plugin.ts', import.meta.url)) };
  const text = inside.asset(pluginSdkAsset);
  if (text === undefined) throw new Error(`this executable was built without ${pluginSdkAsset}`);
  return { text: Buffer.from(text).toString('utf8') };
};
