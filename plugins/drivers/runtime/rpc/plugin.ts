/** Manifest of drivers/runtime/rpc: the runtime of a server, reached by calls. */

import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { runtime } from '../../../../internal/contract/runtime.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address of the runtime service, instead of reaching it as any other service',
    env: 'MICRO_RUNTIME_ADDRESS',
  },
});
export const needs = { client };

export const plugin = defineDriver({
  id: 'drivers/runtime/rpc',
  summary: 'The runtime service of a micro server',
  provides: runtime,
  config,
  needs,
  load: () => import('./rpc-runtime.ts'),
});
