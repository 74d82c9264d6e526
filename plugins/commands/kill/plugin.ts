/** Manifest of commands/kill: `micro kill`. */

import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const config = placeSettings;
export const needs = { runtime };

export const plugin = defineCommand({
  id: 'commands/kill',
  summary: 'Stop services and forget them',
  config,
  verbs: [
    verb({
      words: 'kill',
      summary: 'Stop services and forget them',
      args: [{ name: 'name', doc: 'Names of services, NAME or NAME@VERSION', required: true, rest: true }],
      needs,
      examples: ['micro kill helloworld'],
      load: () => import('./kill.ts'),
    }),
  ],
});
