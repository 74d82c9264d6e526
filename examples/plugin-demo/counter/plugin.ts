/** A service that counts, in whatever store the server keeps its records. */

import { defineService, fields, store } from 'micro/plugin';

export const config = fields({
  step: { type: 'int64', doc: 'What is added when a call names no number', default: 1n, env: 'MICRO_COUNTER_STEP' },
});

export const needs = { records: store };

export const plugin = defineService({
  id: 'services/counter',
  summary: 'Counts by name',
  protos: [],
  port: 0,
  config,
  needs,
  load: () => import('./counter.ts'),
});
