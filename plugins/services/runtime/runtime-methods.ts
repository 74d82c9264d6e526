/** Runtime.*: who may do what in which namespace, and the wire's shapes. Keeps nothing. */

import { admitTo } from '../../../internal/auth/admit.ts';
import { defaultVersion } from '../../../internal/contract/core.ts';
import { badRequest } from '../../../internal/contract/error.ts';
import { type CreateOptions, type Runtime, runtimeStatuses } from '../../../internal/contract/runtime.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as runtimeProto from '../../../proto/gen/runtime.gen.ts';

type Methods = Pick<Impl<runtimeProto.Methods>, Extract<keyof runtimeProto.Methods, `Runtime.${string}`>>;

const admit = admitTo('runtime');
const ids = {
  create: 'runtime.Runtime.Create',
  update: 'runtime.Runtime.Update',
  delete: 'runtime.Runtime.Delete',
  logs: 'runtime.Runtime.Logs',
};

export const runtimeMethods = (runtime: Runtime): Methods => ({
  'Runtime.Create': async (request, call) => {
    const { resource, options } = request;
    const place = admit('Runtime.Create', request, call);
    const service = serviceIn(resource, ids.create);
    if (service === undefined) return {};
    const owner = { name: place.account.name || place.account.id, group: place.account.issuer };
    await runtime.create(
      { name: service.name, version: service.version, source: service.source, metadata: service.metadata },
      { ...createOptions(options), owner, namespace: place.namespace, signal: call.signal },
    );
    return {};
  },
  'Runtime.Read': async (request, call) => {
    const { namespace } = admit('Runtime.Read', request, call);
    const { options } = request;
    const found = await runtime.read({
      service: options?.service || undefined,
      version: options?.version || undefined,
      type: options?.type || undefined,
      namespace,
      signal: call.signal,
    });
    return { services: found.map((s) => ({ ...s, status: runtimeStatuses.indexOf(s.status) })) };
  },
  'Runtime.Update': async (request, call) => {
    const { namespace } = admit('Runtime.Update', request, call);
    const { resource, options } = request;
    const service = serviceIn(resource, ids.update);
    if (service === undefined) return {};
    const entrypoint = options?.entrypoint || undefined;
    const instances = countOf(options?.instances);
    await runtime.update(service, { entrypoint, instances, namespace, signal: call.signal });
    return {};
  },
  'Runtime.Delete': async (request, call) => {
    const { namespace } = admit('Runtime.Delete', request, call);
    const service = serviceIn(request.resource, ids.delete);
    if (service !== undefined) await runtime.delete(service, { namespace, signal: call.signal });
    return {};
  },
  'Runtime.Logs': async function* (request, call) {
    const { namespace } = admit('Runtime.Logs', request, call);
    const { service, version, stream, count } = request;
    if (service === '') throw badRequest(ids.logs, 'Missing name');
    const lines = Math.max(0, Number(count));
    const ref = { name: service, version: version || defaultVersion };
    // Milliseconds, where v3 sends nothing: its clients print the message alone.
    for await (const record of runtime.logs(ref, { lines, follow: stream, namespace, signal: call.signal }))
      yield { ...record, timestamp: BigInt(record.timestamp) };
  },
});

/** The service a call is about; undefined for the other kinds, which only a cluster knows: on one machine they are nothing to do. */
const serviceIn = (resource: runtimeProto.Resource | null, id: string): runtimeProto.Service | undefined => {
  const { service = null, namespace = null, networkpolicy = null, resourcequota = null } = resource ?? {};
  const given = [service, namespace, networkpolicy, resourcequota].filter((kind) => kind !== null);
  if (given.length === 0) throw badRequest(id, 'blank resource');
  if (given.length > 1) throw badRequest(id, 'more than one kind of resource in one call');
  if (service === null) return undefined;
  if (service.name === '') throw badRequest(id, 'Missing name');
  return { ...service, version: service.version || defaultVersion };
};

const createOptions = (o: runtimeProto.CreateOptions | null): CreateOptions =>
  o === null
    ? {}
    : {
        command: o.command,
        args: o.args,
        env: o.env,
        type: o.type || undefined,
        image: o.image || undefined,
        entrypoint: o.entrypoint || undefined,
        secrets: o.secrets,
        instances: countOf(o.instances),
        force: o.force,
      };

/** 0 on the wire is `not given`. */
const countOf = (count: bigint | undefined): number | undefined =>
  count === undefined || count === 0n ? undefined : Number(count);
