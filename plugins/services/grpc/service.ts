/** Puts together what standard gRPC clients ask the proxy for, and what carries JSON calls to servers that read protobuf only. Each part is a file beside it. */

import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { reflectionHandlers } from '../../../internal/rpc/reflection.ts';
import { createDescriptions } from './descriptions.ts';
import { healthOfServices } from './health-of-services.ts';
import { jsonCalls } from './json-calls.ts';
import { mergedFiles } from './merged-files.ts';
import type { needs } from './plugin.ts';

export type GrpcContext = PluginContext<{}, typeof needs>;

export const create = (ctx: GrpcContext): ServiceInstance => {
  const descriptions = createDescriptions(ctx);
  return {
    handlers: [...reflectionHandlers(mergedFiles(ctx, descriptions)), ...healthOfServices(ctx)],
    fallback: jsonCalls(ctx, descriptions),
  };
};
