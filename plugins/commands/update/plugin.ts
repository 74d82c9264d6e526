/** Manifest of commands/update: `micro update`. */

import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const config = placeSettings;
export const needs = { runtime };
export const flags = fields({
  name: { type: 'string', doc: 'Name of the service instead of the name of its folder' },
  instances: { type: 'int32', doc: 'Instances to run; this server runs one of each', short: 'i' },
});

export const plugin = defineCommand({
  id: 'commands/update',
  summary: 'Update a running service',
  config,
  verbs: [
    verb({
      words: 'update',
      summary: 'Update a running service from its folder',
      description:
        'The new code is started first; the old one ends when the new one answers, and stays when it does not.',
      args: [
        { name: 'source', doc: 'Folder of the service, or the name of a service that runs from one', required: true },
      ],
      flags,
      needs,
      examples: ['micro update ./helloworld'],
      load: () => import('./update.ts'),
    }),
  ],
});
