/** Runtime.*: who may do what in which namespace, and the wire's shapes. Keeps nothing. */

import { authorize, authorizeAdmin } from '../../../internal/auth/authorize.ts';
import { defaultNamespace, defaultVersion } from '../../../internal/contract/core.ts';
import { badRequest } from '../../../internal/contract/error.ts';
import type { CallContext } from '../../../internal/contract/handler.ts';
import { type CreateOptions, type Runtime, runtimeStatuses } from '../../../internal/contract/runtime.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as runtimeProto from '../../../proto/gen/runtime.gen.ts';

type Methods = Pick<Impl<runtimeProto.Methods>, Extract<keyof runtimeProto.Methods, `Runtime.${string}`>>;

const ids = {
  create: 'runtime.Runtime.Create',
  read: 'runtime.Runtime.Read',
  update: 'runtime.Runtime.Update',
  delete: 'runtime.Runtime.Delete',
  logs: 'runtime.Runtime.Logs',
};

export const runtimeMethods = (runtime: Runtime): Methods => ({
  'Runtime.Create': async ({ resource, options }, call) => {
    const place = admitted(call, options, ids.create);
    const service = serviceIn(resource, ids.create);
    if (service === undefined) return {};
    const owner = { name: place.account.name || place.account.id, group: place.account.issuer };
    await runtime.create(
      { name: service.name, version: service.version, source: service.source, metadata: service.metadata },
      { ...createOptions(options), owner, namespace: place.namespace, signal: call.signal },
    );
    return {};
  },
  'Runtime.Read': async ({ options }, call) => {
    const namespace = options?.namespace || defaultNamespace;
    authorize(call.account, namespace, ids.read);
    const found = await runtime.read({
      service: options?.service || undefined,
      version: options?.version || undefined,
      type: options?.type || undefined,
      namespace,
      signal: call.signal,
    });
    return { services: found.map((s) => ({ ...s, status: runtimeStatuses.indexOf(s.status) })) };
  },
  'Runtime.Update': async ({ resource, options }, call) => {
    const { namespace } = admitted(call, options, ids.update);
    const service = serviceIn(resource, ids.update);
    if (service === undefined) return {};
    const entrypoint = options?.entrypoint || undefined;
    const instances = countOf(options?.instances);
    await runtime.update(service, { entrypoint, instances, namespace, signal: call.signal });
    return {};
  },
  'Runtime.Delete': async ({ resource, options }, call) => {
    const { namespace } = admitted(call, options, ids.delete);
    const service = serviceIn(resource, ids.delete);
    if (service !== undefined) await runtime.delete(service, { namespace, signal: call.signal });
    return {};
  },
  'Runtime.Logs': async function* ({ service, version, stream, count, options }, call) {
    const { namespace } = admitted(call, options, ids.logs);
    if (service === '') throw badRequest(ids.logs, 'Missing name');
    const lines = Math.max(0, Number(count));
    const ref = { name: service, version: version || defaultVersion };
    // Milliseconds, where v3 sends nothing: its clients print the message alone.
    for await (const record of runtime.logs(ref, { lines, follow: stream, namespace, signal: call.signal }))
      yield { ...record, timestamp: BigInt(record.timestamp) };
  },
});

/** The namespace the call is about, for its admins only. */
const admitted = (call: CallContext, options: { readonly namespace: string } | null, id: string) => {
  const namespace = options?.namespace || defaultNamespace;
  return { namespace, account: authorizeAdmin(call.account, namespace, id) };
};

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
