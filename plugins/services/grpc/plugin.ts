/** Manifest of services/grpc: where standard gRPC clients and plain gRPC servers meet micro. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { defineService } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';
import { router } from '../../../internal/contract/router.ts';

export const needs = { auth, client, registry, router };

export const plugin = defineService({
  id: 'services/grpc',
  summary: 'Reflection and health of all services, and JSON for servers that read protobuf only',
  protos: [],
  port: 0,
  needs,
  load: () => import('./service.ts'),
});
