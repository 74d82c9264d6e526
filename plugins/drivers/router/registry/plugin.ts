/** Manifest of the registry router: nodes from an in-memory view of the registry. */

import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { registry } from '../../../../internal/contract/registry.ts';
import { router } from '../../../../internal/contract/router.ts';

export const needs = { registry };

export const plugin = defineDriver({
  id: 'drivers/router/registry',
  summary: 'Routes from an in-memory view of the registry',
  provides: router,
  needs,
  load: () => import('./registry-router.ts'),
});
