/** Manifest of services/store: the store and blob slots as a service. */

import { blob } from '../../../internal/contract/blob.ts';
import { defineService } from '../../../internal/contract/plugin.ts';
import { store } from '../../../internal/contract/store.ts';

export const needs = { store, blob };

export const plugin = defineService({
  id: 'services/store',
  summary: 'Keeps records and blobs for every service',
  protos: ['store/store.proto'],
  port: 0,
  needs,
  load: () => import('./service.ts'),
});
