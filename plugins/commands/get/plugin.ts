/** Manifest of commands/get: `micro get service`. */

import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const needs = { registry };

export const plugin = defineCommand({
  id: 'commands/get',
  summary: 'Get micro values',
  config,
  verbs: [
    verb({
      words: 'get service',
      summary: 'Get a specific service from the registry',
      args: [{ name: 'name', doc: 'Name of the service', required: true }],
      needs,
      examples: ['micro get service registry'],
      load: () => import('./service.ts'),
    }),
  ],
});
