/** Manifest of commands/version: `micro version`. */

import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/version',
  summary: 'Print the version',
  verbs: [
    verb({
      words: 'version',
      summary: 'Print the version',
      needs,
      examples: ['micro version', 'micro version --output json'],
      load: () => import('./version.ts'),
    }),
  ],
});
