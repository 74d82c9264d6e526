/** Manifest of commands/service: `micro service`. */

import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { tlsFlags } from '../../../internal/contract/tls-settings.ts';

export const needs = { host };
export const flags = fields({
  address: { type: 'string', doc: 'Address to listen on: defaults to the service, or a free port of this machine' },
  ...tlsFlags,
});

export const plugin = defineCommand({
  id: 'commands/service',
  summary: 'Run one core service',
  verbs: [
    verb({
      words: 'service',
      summary: 'Run a micro service',
      description: [
        'Runs one core service by itself until it is interrupted. What it stands for is kept in the data folder; everything else is',
        'reached through --proxy_address, the registry through --registry_address when given. The flags about TLS are for api and proxy.',
      ].join('\n'),
      args: [{ name: 'name', doc: 'Name of the core service', required: true }],
      flags,
      needs,
      examples: ['micro service registry --address=127.0.0.1:0'],
      load: () => import('./service.ts'),
    }),
  ],
});
