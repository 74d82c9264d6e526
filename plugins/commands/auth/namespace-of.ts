/** The namespace an auth command works on: its own flag, else that of the environment. */

import type { Values } from '../../../internal/contract/field.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import type { config } from './plugin.ts';

export const namespaceOf = (flags: { readonly namespace?: string }, settings: Values<typeof config>): string =>
  flags.namespace || placeOfSettings(settings).namespace;
