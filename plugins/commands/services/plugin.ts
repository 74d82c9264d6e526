/** Manifest of commands/services: `micro services`. */

import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const needs = { registry };

export const plugin = defineCommand({
  id: 'commands/services',
  summary: 'List the services that are registered',
  config,
  verbs: [
    verb({
      words: 'services',
      summary: 'List services in the registry',
      needs,
      examples: ['micro services', 'micro --output json services'],
      load: () => import('./services.ts'),
    }),
  ],
});
