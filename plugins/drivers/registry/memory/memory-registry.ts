/** The registry in memory: gone with the process. Owns the timer that prunes; the records are those of internal/registry. */

import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Registry } from '../../../../internal/contract/registry.ts';
import { createRegistryTable } from '../../../../internal/registry/registry-table.ts';

const pruneIntervalMs = 1_000;

export const create = (ctx: PluginContext): Registry & Running => {
  const { prune, close, register, deregister, get, list, watch } = createRegistryTable({ now: ctx.now });
  let timer: NodeJS.Timeout | undefined;
  return {
    register,
    deregister,
    get,
    list,
    watch,
    start: async () => {
      timer = setInterval(prune, pruneIntervalMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      close();
    },
  };
};
