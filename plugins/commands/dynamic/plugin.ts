/** Manifest of commands/dynamic: any word that is no command is a service to call. */

import { client } from '../../../internal/contract/client.ts';
import { host } from '../../../internal/contract/host.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const needs = { registry, client, host };

export const plugin = defineCommand({
  id: 'commands/dynamic',
  summary: 'Call any registered service by its own name',
  config,
  verbs: [
    verb({
      words: '*',
      summary: 'Call a service as if it were a command',
      passthrough: true,
      hidden: true,
      needs,
      examples: ['micro registry --help', 'micro registry getService --service=registry'],
      load: () => import('./dynamic.ts'),
    }),
  ],
});
