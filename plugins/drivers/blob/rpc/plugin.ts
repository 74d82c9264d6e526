/** Manifest of drivers/blob/rpc: the blobs of a server, reached by calls. */

import { blob } from '../../../../internal/contract/blob.ts';
import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address of the store service, instead of reaching it as any other service',
    env: 'MICRO_STORE_ADDRESS',
  },
});
export const needs = { client };

export const plugin = defineDriver({
  id: 'drivers/blob/rpc',
  summary: 'The blobs of a micro server',
  provides: blob,
  config,
  needs,
  load: () => import('./rpc-blob.ts'),
});
