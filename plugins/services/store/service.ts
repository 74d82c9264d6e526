/** The store service: records and blobs on one name (wire.md 7.2, 7.3). Only joins the two halves. */

import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { storeApi } from '../../../internal/schema/core/store.ts';
import { implement } from '../../../internal/schema/implement.ts';
import { blobMethods } from './blob-methods.ts';
import type { needs } from './plugin.ts';
import { recordMethods } from './record-methods.ts';

export const create = (ctx: PluginContext<{}, typeof needs>): ServiceInstance => ({
  handlers: implement(storeApi, { ...recordMethods(ctx.needs.store), ...blobMethods(ctx.needs.blob) }),
});
