/** The runtime slot over calls to the runtime service. Runs nothing itself. */

import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import {
  type CreateOptions,
  type LogRecord,
  type Runtime,
  runtimeStatuses,
} from '../../../../internal/contract/runtime.ts';
import { runtimeApi } from '../../../../internal/schema/core/runtime.ts';
import { stub } from '../../../../internal/schema/stub.ts';
import type { config, needs } from './plugin.ts';

/** Bytes of the archive in one message. */
const uploadChunkBytes = 256 * 1024;

export const create = (ctx: PluginContext<typeof config, typeof needs>): Runtime & Running => {
  const { address } = ctx.config;
  const api = stub(ctx.needs.client, runtimeApi, address ? { address } : {});
  return {
    upload: async ({ name, version }, archive, { namespace, signal } = {}) => {
      // v3 has no field for the namespace and takes the account's; ours is told by the metadata.
      const metadata: Record<string, string> = namespace === undefined ? {} : { namespace };
      const requests = uploadRequests({ name, version, metadata }, archive);
      return (await api['Source.Upload'](requests, { signal })).id;
    },
    create: async (service, o = {}) => {
      await api['Runtime.Create']({ resource: { service }, options: wireOptions(o) }, { signal: o.signal });
    },
    read: async ({ service, version, type, namespace, signal } = {}) => {
      const answer = await api['Runtime.Read']({ options: { service, version, type, namespace } }, { signal });
      return answer.services.map((s) => ({ ...s, status: runtimeStatuses[s.status] ?? 'unknown' }));
    },
    update: async (service, { namespace, entrypoint, instances, signal } = {}) => {
      const options = { namespace, entrypoint, instances: wireCount(instances) };
      await api['Runtime.Update']({ resource: { service }, options }, { signal });
    },
    delete: async ({ name, version }, { namespace, signal } = {}) => {
      await api['Runtime.Delete']({ resource: { service: { name, version } }, options: { namespace } }, { signal });
    },
    logs: async function* ({ name, version }, { namespace, lines, follow, signal } = {}): AsyncGenerator<LogRecord> {
      const request = { service: name, version, stream: follow, count: wireCount(lines), options: { namespace } };
      for await (const record of api['Runtime.Logs'](request, { signal }))
        yield { ...record, timestamp: Number(record.timestamp) };
    },
  };
};

const wireOptions = ({ command, args, env, type, image, namespace, entrypoint, ...o }: CreateOptions) => ({
  command,
  args,
  env,
  type,
  image,
  namespace,
  entrypoint,
  secrets: o.secrets,
  instances: wireCount(o.instances),
  force: o.force,
});

const wireCount = (count: number | undefined): bigint => BigInt(count ?? 0);

interface UploadedService {
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The service stands in the first message only; small pieces are joined, large ones are cut. */
async function* uploadRequests(service: UploadedService, archive: AsyncIterable<Uint8Array>) {
  let sent = false;
  const message = (data: Uint8Array) => {
    const request = sent ? { data } : { service, data };
    sent = true;
    return request;
  };
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of archive) {
    for (let at = 0; at < chunk.length; at += uploadChunkBytes) {
      const part = chunk.subarray(at, at + uploadChunkBytes);
      held.push(part);
      bytes += part.length;
      if (bytes < uploadChunkBytes) continue;
      yield message(Buffer.concat(held));
      held = [];
      bytes = 0;
    }
  }
  if (bytes > 0 || !sent) yield message(Buffer.concat(held));
}
