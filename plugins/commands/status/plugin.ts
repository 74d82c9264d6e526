/** Manifest of commands/status: `micro status`. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const config = placeSettings;
export const needs = { runtime };
export const flags = fields({
  type: { type: 'string', doc: 'Only services of this type' },
});

export const plugin = defineCommand({
  id: 'commands/status',
  summary: 'Show what runs and how it is',
  config,
  verbs: [
    verb({
      words: 'status',
      summary: 'Show the services that were run, and how they are',
      args: [
        { name: 'name', doc: 'Only this service; its name or its folder' },
        { name: 'version', doc: 'Version of the service, latest when left out' },
      ],
      flags,
      needs,
      examples: ['micro status', 'micro --output json status'],
      load: () => import('./status.ts'),
    }),
  ],
});
