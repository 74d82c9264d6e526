/** `micro registry register NAME --address HOST:PORT`: reads what a plain gRPC server serves and puts it into the registry. Sends the server no token. */

import { callMetadata } from '../../../internal/cli/call-request.ts';
import type { Client } from '../../../internal/contract/client.ts';
import { ExitError, isMicroError } from '../../../internal/contract/error.ts';
import { reflectionTimeoutMs } from '../../../internal/contract/limits.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { Endpoint, Service } from '../../../internal/contract/registry.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';
import { foreignMetadata, typesOf } from '../../../internal/rpc/foreign-node.ts';
import { reflectedFiles, reflectedServices } from '../../../internal/schema/ask-reflection.ts';
import { type DescriptorFile, descriptorFile } from '../../../internal/schema/descriptor-file.ts';
import { filesKey, filesText } from '../../../internal/schema/registered-files.ts';
import { schemaOfFiles } from '../../../internal/schema/schema-of-files.ts';
import { valueTree } from '../../../internal/schema/value-tree.ts';
import type { config, registerFlags, registerNeeds } from './plugin.ts';

type Context = PluginContext<typeof config, typeof registerNeeds>;

export const run = async (call: Call<typeof registerFlags>, ctx: Context): Promise<void> => {
  const [name = ''] = call.args;
  const { address, version, metadata, ttl, proto } = call.flags;
  checkAddress(address);
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(reflectionTimeoutMs)]);
  const { names, files } = await (proto.length > 0 ? fromProtos(proto) : fromServer(ctx.needs.client, address, signal));
  const endpoints = endpointsOf(names, files);
  const service: Service = {
    name,
    version,
    metadata: proto.length > 0 ? { [filesKey]: filesText(files) } : {},
    endpoints,
    nodes: [
      {
        id: `${name}-${address}`,
        address,
        metadata: {
          ...callMetadata(metadata),
          ...foreignMetadata(names),
          registered: new Date(ctx.now()).toISOString(),
        },
      },
    ],
  };
  const { namespace } = placeOfSettings(ctx.config);
  await ctx.needs.registry.register(service, { domain: namespace, ttlMs: ttl, signal: ctx.signal });
  if (call.out.format === 'json') call.out.json(service);
  else call.out.line(`registered ${name} at ${address}: ${names.join(', ')} with ${endpoints.length} endpoints`);
};

const checkAddress = (address: string): void => {
  const { host, port } = splitAddress(address);
  if (host !== '' && port !== undefined && /^\d{1,5}$/.test(port)) return;
  throw new ExitError(`${JSON.stringify(address)} is no address`, 1, { hint: 'an address is host:port' });
};

interface Served {
  /** Proto full names, sorted. */
  readonly names: readonly string[];
  readonly files: readonly DescriptorFile[];
}

const fromServer = async (client: Client, address: string, signal: AbortSignal): Promise<Served> => {
  const open = (service: string) =>
    client.stream('', `/${service}/ServerReflectionInfo`, { address, token: null, signal });
  try {
    const names = await reflectedServices(open);
    if (names.length === 0) throw new ExitError(`the server at ${address} serves nothing`, 1);
    return { names, files: await reflectedFiles(open, names) };
  } catch (e) {
    throw explained(e, address);
  }
};

const explained = (e: unknown, address: string): unknown => {
  if (!isMicroError(e)) return e;
  if (e.code === 501)
    return new ExitError(`the server at ${address} has no reflection`, 1, {
      cause: e,
      hint: `name its proto files: --proto FILE`,
    });
  return new ExitError(`cannot read what the server at ${address} serves: ${e.detail}`, 1, { cause: e });
};

/** The files are the user's own, so that they may be parsed as those of a service are. */
const fromProtos = async (paths: readonly string[]): Promise<Served> => {
  const { loadProtos } = await import('../../../internal/schema/load-protos.ts');
  const { services, descriptors } = loadProtos(paths);
  if (services.length === 0) throw new ExitError(`${paths.join(', ')} declares no service`, 1);
  return { names: services.map((s) => s.fullName).sort(), files: descriptors().map(descriptorFile) };
};

const endpointsOf = (names: readonly string[], files: readonly DescriptorFile[]): readonly Endpoint[] => {
  const schema = schemaOfFiles(files);
  return [...typesOf(names)].flatMap(([type, fullName]) =>
    [...(schema.services.get(fullName) ?? [])].map(
      ([method, { kind, request, response }]): Endpoint => ({
        name: `${type}.${method}`,
        request: valueTree(schema, request),
        response: valueTree(schema, response),
        metadata: kind === 'unary' ? {} : { stream: 'true' },
      }),
    ),
  );
};
