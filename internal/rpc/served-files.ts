/** Reflection of the services behind one listener: their own descriptors under their own proto names, and only those of them that the caller may call. */

import { standardServices } from '../contract/standard.ts';
import type { CallContext } from '../contract/handler.ts';
import { loadCoreFiles } from '../schema/core-files.ts';
import { type DescriptorFiles, descriptorFile, descriptorFiles } from '../schema/descriptor-file.ts';
import type { DescriptorSource } from './reflection.ts';
import { fullNamesOf, type ServedService } from './service-table.ts';

/** Whether the caller may call an endpoint of a service. */
export type MayCall = (service: ServedService, ctx: CallContext) => Promise<(endpoint: string) => boolean>;

/** Descriptors are read when somebody first asks. */
export const servedFiles = (services: readonly ServedService[], mayCall: MayCall): DescriptorSource => {
  let loading: Promise<Loaded> | undefined;
  const loaded = (): Promise<Loaded> => {
    loading ??= load(services);
    return loading;
  };
  /** Full names of what the caller may call, each with the service that has it. */
  const visible = async (ctx: CallContext): Promise<ReadonlyMap<string, DescriptorFiles>> => {
    const { own, core } = await loaded();
    const found = new Map(standardServices.map((name) => [name, core]));
    for (const { service, files } of own) {
      const may = await mayCall(service, ctx);
      for (const name of fullNamesOf(service))
        if (files.containing(name) && endpointsOf(service, name).some(may)) found.set(name, files);
    }
    return found;
  };
  return {
    services: async (ctx) => [...(await visible(ctx)).keys()].sort(),
    fileNamed: async (name, ctx) => {
      for (const files of new Set((await visible(ctx)).values())) {
        const file = files.named(name);
        if (file !== undefined) return files.withImports(file);
      }
      return undefined;
    },
    fileContaining: async (symbol, ctx) => {
      const all = await visible(ctx);
      const known = all.get(symbol) ?? all.get(symbol.slice(0, Math.max(symbol.lastIndexOf('.'), 0)));
      for (const files of known ? [known] : new Set(all.values())) {
        const file = files.containing(symbol);
        if (file !== undefined) return files.withImports(file);
      }
      return undefined;
    },
  };
};

interface Loaded {
  readonly own: readonly { readonly service: ServedService; readonly files: DescriptorFiles }[];
  readonly core: DescriptorFiles;
}

/** A service sees its own files first, then what micro brings along. */
const load = async (services: readonly ServedService[]): Promise<Loaded> => {
  const core = await loadCoreFiles();
  const own = services.map((service) => {
    const bytes = service.descriptors?.() ?? [];
    return {
      service,
      files: bytes.length === 0 ? core : descriptorFiles([...bytes.map(descriptorFile), ...core.files]),
    };
  });
  return { own, core };
};

const typeOf = (fullName: string): string => fullName.slice(fullName.lastIndexOf('.') + 1);

const endpointsOf = ({ handlers }: ServedService, fullName: string): readonly string[] =>
  handlers.map((h) => h.endpoint).filter((endpoint) => endpoint.startsWith(`${typeOf(fullName)}.`));
