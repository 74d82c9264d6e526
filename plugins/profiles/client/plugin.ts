/** The profile of the command line: every slot is a server somewhere else. */

import { defineProfile } from '../../../internal/contract/plugin.ts';

export const plugin = defineProfile({
  id: 'profiles/client',
  summary: 'The command line: every slot is remote',
  bind: {
    store: 'drivers/store/rpc',
    blob: 'drivers/blob/rpc',
    registry: 'drivers/registry/rpc',
    auth: 'drivers/auth/rpc',
    runtime: 'drivers/runtime/rpc',
    client: 'drivers/client/proxy',
  },
  start: [],
});
