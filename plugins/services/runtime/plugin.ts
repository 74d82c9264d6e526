/** Manifest of services/runtime: the runtime slot as a service. */

import { defineService } from '../../../internal/contract/plugin.ts';
import { runtime } from '../../../internal/contract/runtime.ts';

export const needs = { runtime };

export const plugin = defineService({
  id: 'services/runtime',
  summary: 'Runs services from uploaded source',
  protos: ['runtime/runtime.proto'],
  port: 0,
  needs,
  load: () => import('./service.ts'),
});
