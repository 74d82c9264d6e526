/**
 * Reflection of the services behind one listener: their own descriptors under their own proto names. The list holds what the caller may call. What a
 * name means is told to everybody who knows it, so that nobody's token has to be handed around for it; the proxy's reflection goes by rights throughout.
 */

import { standardServices } from '../contract/standard.ts';
import type { CallContext } from '../contract/handler.ts';
import { loadCoreFiles } from '../schema/core-files.ts';
import {
  type DescriptorFile,
  type DescriptorFiles,
  descriptorFile,
  descriptorFiles,
} from '../schema/descriptor-file.ts';
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
  return {
    services: async (ctx) => {
      const names = [...standardServices];
      for (const { service, files } of (await loaded()).own) {
        const may = await mayCall(service, ctx);
        for (const name of fullNamesOf(service))
          if (files.containing(name) && endpointsOf(service, name).some(may)) names.push(name);
      }
      return names.sort();
    },
    fileNamed: async (name) => firstWith(await loaded(), (files) => files.named(name)),
    fileContaining: async (symbol) => firstWith(await loaded(), (files) => files.containing(symbol)),
  };
};

const firstWith = (
  { own, core }: Loaded,
  find: (files: DescriptorFiles) => DescriptorFile | undefined,
): readonly DescriptorFile[] | undefined => {
  for (const files of [...own.map((one) => one.files), core]) {
    const file = find(files);
    if (file !== undefined) return files.withImports(file);
  }
  return undefined;
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
