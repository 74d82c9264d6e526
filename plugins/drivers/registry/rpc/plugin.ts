/** Manifest of drivers/registry/rpc: the registry of a server, reached by calls. */

import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { registry } from '../../../../internal/contract/registry.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address of the registry service, instead of reaching it as any other service',
    env: 'MICRO_REGISTRY_ADDRESS',
  },
});
export const needs = { client };

export const plugin = defineDriver({
  id: 'drivers/registry/rpc',
  summary: 'The registry service of a micro server',
  provides: registry,
  config,
  needs,
  load: () => import('./rpc-registry.ts'),
});
