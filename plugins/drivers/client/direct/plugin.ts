/** Manifest of the direct client: calls go straight to a node's address. */

import { client } from '../../../../internal/contract/client.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { router } from '../../../../internal/contract/router.ts';

export const needs = { router };

export const plugin = defineDriver({
  id: 'drivers/client/direct',
  summary: 'Calls nodes at their addresses, found by the router',
  provides: client,
  needs,
  load: () => import('./direct-client.ts'),
});
