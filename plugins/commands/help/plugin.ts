/** Manifest of commands/help: `micro help`. */

import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/help',
  summary: 'Show what a command does',
  verbs: [
    verb({
      words: 'help',
      summary: 'Shows a list of commands or help for one command',
      args: [{ name: 'command', doc: 'Words of the command', rest: true }],
      needs,
      examples: ['micro help', 'micro help run'],
      load: () => import('./help.ts'),
    }),
  ],
});
