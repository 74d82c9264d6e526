/** Manifest of commands/services: `micro services`. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const needs = { registry };
export const flags = fields({
  nodes: { type: 'bool', doc: 'Show each node with its version, address and age' },
});

export const plugin = defineCommand({
  id: 'commands/services',
  summary: 'List the services that are registered',
  config,
  verbs: [
    verb({
      words: 'services',
      summary: 'List services in the registry',
      flags,
      needs,
      examples: ['micro services', 'micro services --nodes', 'micro --output json services'],
      load: () => import('./services.ts'),
    }),
  ],
});
