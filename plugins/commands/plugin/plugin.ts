/** Manifest of commands/plugin: `micro plugin list`, `graph` and `config`. */

import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/plugin',
  summary: 'Show what the program is made of',
  verbs: [
    verb({
      words: 'plugin list',
      summary: 'List all plugins',
      needs,
      examples: ['micro plugin list', 'micro plugin list --output json'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'plugin graph',
      summary: 'Show what would start, in order, and who needs it',
      description:
        'Starts nothing. Without arguments: what `micro server` runs; --profile and a slot flag such as --store=memory change it.',
      args: [{ name: 'id', doc: 'Services or drivers to start instead', rest: true }],
      needs,
      examples: ['micro plugin graph', 'micro plugin graph services/store', 'micro --store=memory plugin graph'],
      load: () => import('./graph.ts'),
    }),
    verb({
      words: 'plugin config',
      summary: 'Show the settings of a plugin and where each value comes from',
      args: [{ name: 'id', doc: 'The plugin', required: true }],
      needs,
      examples: ['micro plugin config services/proxy', 'micro plugin config drivers/auth/local --output json'],
      load: () => import('./config.ts'),
    }),
  ],
});
