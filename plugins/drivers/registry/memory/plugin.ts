/** Manifest of drivers/registry/memory: services known to this process only. */

import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { registry } from '../../../../internal/contract/registry.ts';

export const plugin = defineDriver({
  id: 'drivers/registry/memory',
  summary: 'Services kept in the memory of this process',
  provides: registry,
  load: () => import('./memory-registry.ts'),
});
