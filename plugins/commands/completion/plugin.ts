/** Manifest of commands/completion: `micro completion`. */

import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const needs = { host };

export const plugin = defineCommand({
  id: 'commands/completion',
  summary: 'Print a shell completion script',
  verbs: [
    verb({
      words: 'completion',
      summary: 'Print a shell completion script',
      description: 'Words and flags of every command, those of plugins included. bash: eval "$(micro completion bash)"',
      args: [{ name: 'shell', doc: 'bash, zsh or fish', required: true }],
      needs,
      examples: ['micro completion bash', 'micro completion fish'],
      load: () => import('./completion.ts'),
    }),
  ],
});
