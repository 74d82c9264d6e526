/**
 * Descriptors of running services, asked of their nodes by reflection when somebody needs them, or taken from the registry where a server has no
 * reflection. Owns what was read: one entry per service and full name, believed for reflectionTrustMs and only while the nodes are the same.
 */

import { notFound } from '../../../internal/contract/error.ts';
import {
  reflectedBytesMax,
  reflectedServicesMax,
  reflectionTimeoutMs,
  reflectionTrustMs,
} from '../../../internal/contract/limits.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { reflectedFiles } from '../../../internal/schema/ask-reflection.ts';
import type { DescriptorFile } from '../../../internal/schema/descriptor-file.ts';
import { registeredFiles } from '../../../internal/schema/registered-files.ts';
import { type ForeignSchema, schemaOfFiles } from '../../../internal/schema/schema-of-files.ts';
import type { Owner } from './visible-services.ts';
import type { GrpcContext } from './service.ts';

export interface Described {
  readonly files: readonly DescriptorFile[];
  /** Layouts and methods; made at first use. Throws badRequest when the files are not whole. */
  schema(): ForeignSchema;
}

export interface DescribeOptions {
  readonly namespace: string;
  readonly owner: Owner;
  readonly fullName: string;
}

export interface Descriptions {
  /** The file of a full name and all that it imports. Callers that ask for the same at once share one answer. Throws what the node said. */
  of(o: DescribeOptions): Promise<Described>;
}

interface Entry {
  /** Once it is read. */
  bytes: number;
  readonly nodes: string;
  readonly readAtMs: number;
  readonly reading: Promise<Described>;
}

export const createDescriptions = (ctx: GrpcContext): Descriptions => {
  const entries = new Map<string, Entry>();
  return {
    of: (o) => {
      const key = JSON.stringify([o.namespace, o.owner.name, o.fullName]);
      const nodes = nodesText(o.owner.versions);
      const known = entries.get(key);
      // Re-inserted: the map's order is the order of use.
      entries.delete(key);
      if (known !== undefined && known.nodes === nodes && ctx.now() - known.readAtMs < reflectionTrustMs) {
        entries.set(key, known);
        return known.reading;
      }
      const entry: Entry = { bytes: 0, nodes, readAtMs: ctx.now(), reading: read(ctx, o) };
      entries.set(key, entry);
      entry.reading.then(
        ({ files }) => {
          entry.bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
          trim(entries);
        },
        () => {
          if (entries.get(key) === entry) entries.delete(key);
        },
      );
      return entry.reading;
    },
  };
};

/** Lets go of those that were not asked for the longest. */
const trim = (entries: Map<string, Entry>): void => {
  let bytes = 0;
  for (const entry of entries.values()) bytes += entry.bytes;
  for (const [key, entry] of entries) {
    if (entries.size <= reflectedServicesMax && bytes <= reflectedBytesMax) return;
    entries.delete(key);
    bytes -= entry.bytes;
  }
};

/** A service that was registered anew has other nodes, or the same one with another time of registration. */
const nodesText = (versions: readonly Service[]): string =>
  JSON.stringify(
    versions.flatMap((v) => v.nodes.map((n) => [v.version, n.id, n.address, n.metadata.registered])).sort(),
  );

/** Nodes to ask, the second one when the first does not answer. */
const nodeTries = 2;

const read = async (ctx: GrpcContext, o: DescribeOptions): Promise<Described> => {
  const given = registeredFiles(o.owner.versions.map((v) => v.metadata));
  return described(given ?? (await askNodes(ctx, o)));
};

const described = (files: readonly DescriptorFile[]): Described => {
  let schema: ForeignSchema | undefined;
  return { files, schema: () => (schema ??= schemaOfFiles(files)) };
};

const askNodes = async (ctx: GrpcContext, o: DescribeOptions): Promise<readonly DescriptorFile[]> => {
  const { router, client } = ctx.needs;
  const { namespace, fullName } = o;
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(reflectionTimeoutMs)]);
  const routes = await router.lookup(o.owner.name, { namespace, fullName, signal });
  let failure: unknown = notFound('grpc.reflection', `no node of ${o.owner.name} serves ${fullName}`);
  for (const { node } of routes.slice(0, nodeTries))
    try {
      // Nobody's token goes along: a search asks services that the caller did not mean to call.
      const options = { address: node.address, namespace, signal, token: null };
      const open = (service: string) => client.stream(o.owner.name, `/${service}/ServerReflectionInfo`, options);
      return await reflectedFiles(open, [fullName]);
    } catch (e) {
      failure = e;
    }
  throw failure;
};
