/** The settings that say where a run of the command line points. Verbs that look at a namespace name them as their config; internal/home/place.ts reads them. */

import { fields } from './field.ts';

/** All may be empty, which means: as the user's config file has it. */
export const placeSettings = fields({
  config_file: { type: 'string', doc: 'Config file instead of ~/.micro/config.json', env: 'MICRO_CONFIG_FILE' },
  env: { type: 'string', doc: 'Environment for this run only', env: 'MICRO_ENV' },
  proxy_address: { type: 'string', doc: 'Send all calls through this address', env: 'MICRO_PROXY' },
  namespace: { type: 'string', doc: 'Namespace for this run only', env: 'MICRO_NAMESPACE' },
});
