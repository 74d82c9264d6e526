/** Manifest of services/registry: the registry slot as a service. */

import { defineService } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const needs = { registry };

export const plugin = defineService({
  id: 'services/registry',
  summary: 'Knows which services run, where, and what they answer',
  protos: ['registry/registry.proto'],
  port: 0,
  needs,
  load: () => import('./service.ts'),
});
