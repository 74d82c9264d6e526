/** Manifest of the gRPC proxy, the one port that command lines and services call. */

import { auth } from '../../../internal/contract/auth.ts';
import { fields } from '../../../internal/contract/field.ts';
import { host } from '../../../internal/contract/host.ts';
import { defineService } from '../../../internal/contract/plugin.ts';
import { router } from '../../../internal/contract/router.ts';

export const config = fields({
  address: {
    type: 'string',
    doc: 'Address to listen on',
    default: '127.0.0.1:8081',
    env: 'MICRO_PROXY_ADDRESS',
  },
});

export const needs = { auth, host, router };

export const plugin = defineService({
  id: 'services/proxy',
  summary: 'Forwards gRPC calls to services by name',
  protos: [],
  port: 8081,
  config,
  needs,
  load: () => import('./proxy-service.ts'),
});
