/** The registry as a gRPC service (wire.md 4.3): who may do what, and the wire's seconds and domains. Keeps nothing itself. */

import { admitTo } from '../../../internal/auth/admit.ts';
import { notFound } from '../../../internal/contract/error.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { serviceMessageOf, serviceOf } from '../../../internal/schema/core/registry-record.ts';
import { registryApi } from '../../../internal/schema/core/registry.ts';
import { implement } from '../../../internal/schema/implement.ts';

import type { needs } from './plugin.ts';

const admit = admitTo('registry');

export const create = (ctx: PluginContext<{}, typeof needs>): ServiceInstance => {
  const { registry } = ctx.needs;
  const messages = new WeakMap<Service, ReturnType<typeof serviceMessageOf>>();
  /** Drivers answer with the same object until something changes. */
  const messageOf = (service: Service): ReturnType<typeof serviceMessageOf> => {
    const known = messages.get(service) ?? serviceMessageOf(service);
    messages.set(service, known);
    return known;
  };
  const handlers = implement(registryApi, {
    'Registry.GetService': async (request, call) => {
      const { namespace: domain } = admit('Registry.GetService', request, call);
      const services = await registry.get(request.service, { domain, signal: call.signal });
      if (services.length === 0) throw notFound('registry.Registry.GetService', 'service not found');
      return { services: services.map(messageOf) };
    },
    'Registry.ListServices': async (request, call) => {
      const { namespace: domain } = admit('Registry.ListServices', request, call);
      const services = await registry.list({ domain, signal: call.signal });
      return { services: services.map(messageOf) };
    },
    'Registry.Register': async (request, call) => {
      const { namespace: domain } = admit('Registry.Register', request, call);
      const ttlMs = Number(request.options?.ttl ?? 0n) * 1_000;
      // Whoever calls from outside may run on when this process ends.
      await registry.register(serviceOf(request), { domain, ttlMs, durable: true, signal: call.signal });
      return {};
    },
    'Registry.Deregister': async (request, call) => {
      const { namespace: domain } = admit('Registry.Deregister', request, call);
      await registry.deregister(serviceOf(request), { domain, signal: call.signal });
      return {};
    },
    'Registry.Watch': async function* (request, call) {
      const { namespace: domain } = admit('Registry.Watch', request, call);
      const events = registry.watch({ domain, service: request.service || undefined, signal: call.signal });
      for await (const { action, service } of events) yield { action, service: messageOf(service) };
    },
  });
  return { handlers };
};
