/** The registry slot over calls to the registry service. Owns no records; what it knows beyond one call is its open watches. */

import { isMicroError } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Registry, RegistryEvent, Service } from '../../../../internal/contract/registry.ts';
import { serviceOf } from '../../../../internal/schema/core/registry-record.ts';
import { registryApi } from '../../../../internal/schema/core/registry.ts';
import { stub } from '../../../../internal/schema/stub.ts';

import type { config, needs } from './plugin.ts';
import { followRegistry } from './follow-registry.ts';

export const create = (ctx: PluginContext<typeof config, typeof needs>): Registry & Running => {
  const { address } = ctx.config;
  const api = stub(ctx.needs.client, registryApi, address ? { address } : {});
  const stopped = new AbortController();

  const get: Registry['get'] = async (service, o = {}) => {
    try {
      const answer = await api['Registry.GetService']({ service, options: { domain: o.domain } }, { signal: o.signal });
      return answer.services.map(serviceOf);
    } catch (e) {
      if (isMicroError(e) && e.code === 404) return [];
      throw e;
    }
  };
  const list: Registry['list'] = async (o = {}) => {
    const answer = await api['Registry.ListServices']({ options: { domain: o.domain } }, { signal: o.signal });
    return answer.services.map(serviceOf).sort(byNameAndVersion);
  };

  return {
    register: async (service, o = {}) => {
      const options = { domain: o.domain, ttl: secondsOf(o.ttlMs) };
      await api['Registry.Register']({ ...service, options }, { signal: o.signal });
    },
    deregister: async ({ name, version, nodes }, o = {}) => {
      await api['Registry.Deregister']({ name, version, nodes, options: { domain: o.domain } }, { signal: o.signal });
    },
    get,
    list,
    watch: ({ domain, service, signal } = {}) =>
      followRegistry({
        open: (open) => eventsOf(api['Registry.Watch']({ service, options: { domain } }, { signal: open })),
        read: (open) => (service ? get(service, { domain, signal: open }) : list({ domain, signal: open })),
        signal: AbortSignal.any([ctx.signal, stopped.signal, ...(signal === undefined ? [] : [signal])]),
        log: ctx.log,
      }),
    stop: async () => stopped.abort(),
  };
};

/** Whole seconds go over the wire; a lease is never made shorter than asked for. */
const secondsOf = (ttlMs: number | undefined): bigint =>
  ttlMs === undefined || !Number.isFinite(ttlMs) ? 0n : BigInt(Math.ceil(ttlMs / 1_000));

async function* eventsOf(
  results: AsyncIterable<{ readonly action: string; readonly service: Parameters<typeof serviceOf>[0] | null }>,
): AsyncGenerator<RegistryEvent> {
  for await (const { action, service } of results)
    if (service !== null && (action === 'create' || action === 'update' || action === 'delete'))
      yield { action, service: serviceOf(service) };
}

const byNameAndVersion = (a: Service, b: Service): number =>
  compare(a.name, b.name) || compare(a.version, b.version) || compare(a.metadata.domain ?? '', b.metadata.domain ?? '');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
