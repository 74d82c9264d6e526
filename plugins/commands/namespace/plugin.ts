/** Manifest of commands/namespace: the namespaces this user works in, per environment. Makes no calls. */

import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { type ArgSpec, defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;

const name: ArgSpec = { name: 'name', doc: 'Name of the namespace', required: true };

export const plugin = defineCommand({
  id: 'commands/namespace',
  summary: 'Get and set the namespace',
  config,
  verbs: [
    verb({
      words: 'namespace',
      summary: 'List the namespaces you know in this environment, the current one marked',
      examples: ['micro namespace'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'namespace list',
      summary: 'List the namespaces you know in this environment, the current one marked',
      examples: ['micro namespace list'],
      load: () => import('./list.ts'),
    }),
    verb({
      words: 'namespace get',
      summary: 'Print the name of the current namespace',
      examples: ['micro namespace get'],
      load: () => import('./get.ts'),
    }),
    verb({
      words: 'namespace set',
      summary: 'Choose the namespace of later commands',
      description: 'Each namespace has accounts of its own: you may have to log in there.',
      args: [name],
      examples: ['micro namespace set micro'],
      load: () => import('./set.ts'),
    }),
    verb({
      words: 'namespace add',
      summary: 'Add a namespace to the list',
      description: 'The list is yours: on the server a namespace begins with its first account.',
      args: [name],
      examples: ['micro namespace add team-a'],
      load: () => import('./add.ts'),
    }),
    verb({
      words: 'namespace remove',
      summary: 'Take a namespace off the list',
      description: 'Nothing changes on the server. The current namespace is micro again when it was this one.',
      args: [name],
      examples: ['micro namespace remove team-a'],
      load: () => import('./remove.ts'),
    }),
  ],
});
