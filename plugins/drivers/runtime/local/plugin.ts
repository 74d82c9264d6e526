/** Manifest of the runtime that starts services as processes of this machine. */

import { auth } from '../../../../internal/contract/auth.ts';
import { blob } from '../../../../internal/contract/blob.ts';
import { builder } from '../../../../internal/contract/builder.ts';
import { all } from '../../../../internal/contract/capability.ts';
import { client } from '../../../../internal/contract/client.ts';
import { fields } from '../../../../internal/contract/field.ts';
import {
  restartDelayMsMin,
  serviceStartTimeoutMs,
  serviceStopTimeoutMs,
} from '../../../../internal/contract/limits.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { registry } from '../../../../internal/contract/registry.ts';
import { runtime } from '../../../../internal/contract/runtime.ts';
import { store } from '../../../../internal/contract/store.ts';

export const config = fields({
  proxy: {
    type: 'string',
    doc: 'Address handed to services as MICRO_PROXY when no proxy is registered here',
    default: '127.0.0.1:8081',
  },
  start_timeout: { type: 'duration', doc: 'How long a service may take to register', default: serviceStartTimeoutMs },
  stop_timeout: {
    type: 'duration',
    doc: 'How long a service may take to stop before it is killed',
    default: serviceStopTimeoutMs,
  },
  restart_delay: {
    type: 'duration',
    doc: 'First pause before a crashed service is started again',
    default: restartDelayMsMin,
  },
});

export const needs = { store, blob, registry, client, auth, builders: all(builder) };

export const plugin = defineDriver({
  id: 'drivers/runtime/local',
  summary: 'Services as processes of this machine',
  provides: runtime,
  config,
  needs,
  load: () => import('./local-runtime.ts'),
});
