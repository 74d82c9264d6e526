/** The profile inside a user's service, and of a core service that runs alone: every slot is remote. */

import { defineProfile } from '../../../internal/contract/plugin.ts';

export const plugin = defineProfile({
  id: 'profiles/service',
  summary: 'Inside a service: every slot is remote',
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
