/** Manifest of drivers/blob/memory. */

import { blob } from '../../../../internal/contract/blob.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const plugin = defineDriver({
  id: 'drivers/blob/memory',
  summary: 'Blobs in memory, gone with the process',
  provides: blob,
  load: () => import('./memory-blob.ts'),
});
