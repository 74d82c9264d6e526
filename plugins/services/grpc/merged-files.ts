/**
 * Reflection of all services together, as the proxy's port answers it: names by the caller's rights, descriptors from the services' own nodes. Files
 * are called `SERVICE/their own name`, as two services may both have an `api.proto`; protobuf's and gRPC's own keep theirs and are always ours.
 */

import { conflict } from '../../../internal/contract/error.ts';
import type { CallContext } from '../../../internal/contract/handler.ts';
import { reflectionSearchMax } from '../../../internal/contract/limits.ts';
import { standardServices } from '../../../internal/contract/standard.ts';
import type { DescriptorSource } from '../../../internal/rpc/reflection.ts';
import { loadCoreFiles } from '../../../internal/schema/core-files.ts';
import {
  type DescriptorFile,
  type DescriptorFiles,
  descriptorFiles,
} from '../../../internal/schema/descriptor-file.ts';
import { renameFiles } from '../../../internal/schema/rename-files.ts';
import type { Descriptions } from './descriptions.ts';
import { type Owner, rememberVisible, type VisibleServices } from './visible-services.ts';
import type { GrpcContext } from './service.ts';

/** One caller's question. */
interface Asking {
  readonly ctx: CallContext;
  readonly visible: VisibleServices;
  /** Ours: protobuf's well-known types, health and reflection. */
  readonly common: DescriptorFiles;
  filesOf(owner: Owner, fullName: string): Promise<DescriptorFiles>;
}

export const mergedFiles = (grpc: GrpcContext, descriptions: Descriptions): DescriptorSource => {
  let loading: Promise<DescriptorFiles> | undefined;
  const common = (): Promise<DescriptorFiles> => {
    loading ??= loadCommon();
    return loading;
  };
  const visibleTo = rememberVisible(grpc);
  const renamed = rememberRenamed();
  const ask = async (ctx: CallContext): Promise<Asking> => {
    const [visible, ours] = await Promise.all([visibleTo(ctx), common()]);
    return {
      ctx,
      visible,
      common: ours,
      filesOf: async (owner, fullName) => {
        const { files } = await descriptions.of({ namespace: ctx.namespace, owner, fullName });
        return renamed(owner.name, files, ours);
      },
    };
  };
  return {
    services: async (ctx) => [...standardServices, ...(await visibleTo(ctx)).keys()].sort(),
    fileNamed: async (name, ctx) => fileNamed(name, await ask(ctx)),
    fileContaining: async (symbol, ctx) => fileContaining(symbol, await ask(ctx)),
  };
};

const loadCommon = async (): Promise<DescriptorFiles> => {
  const { files } = await loadCoreFiles();
  return descriptorFiles(files.filter(({ name }) => /^(google|grpc)\//.test(name)));
};

/** Renaming costs, and the same files are asked for again and again. */
const rememberRenamed = () => {
  const known = new WeakMap<readonly DescriptorFile[], DescriptorFiles>();
  return (service: string, files: readonly DescriptorFile[], common: DescriptorFiles): DescriptorFiles => {
    const found = known.get(files);
    if (found !== undefined) return found;
    const own = files.filter((file) => common.named(file.name) === undefined);
    const all = renameFiles(own, (name) => (common.named(name) ? name : `${service}/${name}`));
    const made = descriptorFiles([...all, ...common.files]);
    known.set(files, made);
    return made;
  };
};

type Files = Promise<readonly DescriptorFile[] | undefined>;

const fileNamed = async (name: string, asking: Asking): Files => {
  const ours = asking.common.named(name);
  if (ours !== undefined) return asking.common.withImports(ours);
  for (const [fullName, owners] of asking.visible)
    for (const owner of owners) {
      if (!name.startsWith(`${owner.name}/`)) continue;
      const files = await asking.filesOf(owner, fullName);
      const file = files.named(name);
      if (file !== undefined) return files.withImports(file);
    }
  return undefined;
};

const fileContaining = async (symbol: string, asking: Asking): Files => {
  const ours = asking.common.containing(symbol);
  if (ours !== undefined) return asking.common.withImports(ours);
  const service = asking.visible.has(symbol) ? symbol : symbol.slice(0, Math.max(symbol.lastIndexOf('.'), 0));
  const owners = asking.visible.get(service) ?? [];
  const [owner, other] = owners;
  if (owner !== undefined && other !== undefined)
    throw conflict('grpc.reflection', `${service} is served by ${owners.map(({ name }) => name).join(' and ')}`);
  return owner === undefined ? search(symbol, asking) : within(await asking.filesOf(owner, service), symbol);
};

const within = (files: DescriptorFiles, symbol: string): readonly DescriptorFile[] | undefined => {
  const file = files.containing(symbol);
  return file === undefined ? undefined : files.withImports(file);
};

/** A message says nothing of who has it: services whose package is nearest to it are looked through first. */
const search = async (symbol: string, asking: Asking): Files => {
  const nearest = [...asking.visible].toSorted(([a], [b]) => sharedParts(symbol, b) - sharedParts(symbol, a));
  for (const [fullName, owners] of nearest.slice(0, reflectionSearchMax))
    for (const owner of owners.slice(0, 1)) {
      // A node that does not answer must not hide what others have.
      const files = await asking.filesOf(owner, fullName).catch(() => undefined);
      const found = files && within(files, symbol);
      if (found !== undefined) return found;
    }
  return undefined;
};

const sharedParts = (a: string, b: string): number => {
  const [left, right] = [a.split('.'), b.split('.')];
  const end = left.findIndex((part, i) => part !== right[i]);
  return end < 0 ? left.length : end;
};
