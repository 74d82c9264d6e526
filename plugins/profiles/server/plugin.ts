/** The profile of `micro server`: everything on one machine, state in SQLite, one process. */

import { defineProfile } from '../../../internal/contract/plugin.ts';

export const plugin = defineProfile({
  id: 'profiles/server',
  alias: 'local',
  summary: 'A server on one machine',
  bind: {
    store: 'drivers/store/sqlite',
    blob: 'drivers/blob/sqlite',
    registry: 'drivers/registry/sqlite',
    auth: 'drivers/auth/local',
    runtime: 'drivers/runtime/local',
    builder: ['drivers/builder/typescript', 'drivers/builder/command', 'drivers/builder/go'],
    router: 'drivers/router/registry',
    client: 'drivers/client/direct',
  },
  start: [
    'services/registry',
    'services/store',
    'services/auth',
    'services/runtime',
    'services/grpc',
    'services/proxy',
    'services/api',
  ],
});
