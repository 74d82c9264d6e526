/** Manifest of commands/uninstall: `micro uninstall` removes the program, never the user's data. */

import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/uninstall',
  summary: 'Remove micro from this machine',
  verbs: [
    verb({
      words: 'uninstall',
      summary: 'Remove this program, the version before and its caches',
      description: 'Data, settings and logins stay; what stays is listed, with the command that removes it.',
      needs,
      examples: ['micro uninstall'],
      load: () => import('./uninstall.ts'),
    }),
  ],
});
