/** A store driver: each table is one JSON file that people can read. For small tables, since a write rewrites the file. */

import { defineDriver, store } from 'micro/plugin';

export const plugin = defineDriver({
  id: 'drivers/store/json',
  summary: 'Records in JSON files, one per table',
  provides: store,
  load: () => import('./json-store.ts'),
});
