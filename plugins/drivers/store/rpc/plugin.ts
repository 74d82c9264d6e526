/** Manifest of drivers/store/rpc: the store of a server, reached by calls. */

import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { store } from '../../../../internal/contract/store.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address of the store service, instead of reaching it as any other service',
    env: 'MICRO_STORE_ADDRESS',
  },
});
export const needs = { client };

export const plugin = defineDriver({
  id: 'drivers/store/rpc',
  summary: 'The store service of a micro server',
  provides: store,
  config,
  needs,
  load: () => import('./rpc-store.ts'),
});
