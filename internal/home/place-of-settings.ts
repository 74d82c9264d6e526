/** From a verb's settings to the place its run points at. The one bridge between placeSettings and the home. */

import type { Values } from '../contract/field.ts';
import type { placeSettings } from '../contract/place-settings.ts';
import { openHome } from './home.ts';
import { type Place, placeOf } from './place.ts';

/** Throws ExitError as placeOf does. */
export const placeOfSettings = (settings: Values<typeof placeSettings>): Place =>
  placeOf(openHome({ configFile: settings.config_file }), {
    env: settings.env,
    address: settings.proxy_address,
    namespace: settings.namespace,
  });
