/** The profile of tests: the server without anything on disk that matters, on free ports. */

import { defineProfile } from '../../../internal/contract/plugin.ts';

export const plugin = defineProfile({
  id: 'profiles/test',
  summary: 'A server in memory on free ports',
  bind: {
    store: 'drivers/store/memory',
    blob: 'drivers/blob/memory',
    registry: 'drivers/registry/memory',
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
  settings: {
    'services/api': { address: '127.0.0.1:0' },
    'services/proxy': { address: '127.0.0.1:0' },
  },
});
