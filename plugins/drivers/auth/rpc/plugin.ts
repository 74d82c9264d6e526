/** Manifest of drivers/auth/rpc: the auth service of a server, reached by calls. */

import { auth } from '../../../../internal/contract/auth.ts';
import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address of the auth service, instead of reaching it as any other service',
    env: 'MICRO_AUTH_ADDRESS',
  },
});
export const needs = { client };

export const plugin = defineDriver({
  id: 'drivers/auth/rpc',
  summary: 'The auth service of a micro server',
  provides: auth,
  config,
  needs,
  load: () => import('./rpc-auth.ts'),
});
