/** The runtime service: Runtime, Source and Build on one name (wire.md 7.7). Only joins them; uploads and records belong to the driver. */

import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { runtimeApi } from '../../../internal/schema/core/runtime.ts';
import { implement } from '../../../internal/schema/implement.ts';
import type { needs } from './plugin.ts';
import { runtimeMethods } from './runtime-methods.ts';
import { buildMethods, sourceMethods } from './source-methods.ts';

export const create = (ctx: PluginContext<{}, typeof needs>): ServiceInstance => ({
  handlers: implement(runtimeApi, {
    ...runtimeMethods(ctx.needs.runtime),
    ...sourceMethods(ctx.needs.runtime),
    ...buildMethods(),
  }),
});
