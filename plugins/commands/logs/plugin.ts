/** Manifest of commands/logs: `micro logs`. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const config = placeSettings;
export const needs = { runtime };
export const flags = fields({
  follow: { type: 'bool', doc: 'Go on with new lines as they come', short: 'f' },
  lines: { type: 'int32', doc: 'Lines to begin with', short: 'n', default: 15 },
  output: { type: 'string', doc: 'Output format: text, or json for one object per line', short: 'o' },
});

export const plugin = defineCommand({
  id: 'commands/logs',
  summary: 'Show what a service printed',
  config,
  verbs: [
    verb({
      words: 'logs',
      summary: 'Show what a service printed',
      args: [{ name: 'name', doc: 'Name of the service, NAME or NAME@VERSION', required: true }],
      flags,
      needs,
      examples: ['micro logs helloworld', 'micro logs -f -n 100 helloworld'],
      load: () => import('./logs.ts'),
    }),
  ],
});
