/** Manifest of drivers/store/memory. */

import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { store } from '../../../../internal/contract/store.ts';

export const plugin = defineDriver({
  id: 'drivers/store/memory',
  summary: 'Records in memory, gone with the process',
  provides: store,
  load: () => import('./memory-store.ts'),
});
