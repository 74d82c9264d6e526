/** `micro services`: names of the registered services, one per line and per version (cli.md 2.4), or all their nodes. */

import { nodeJson } from '../../../internal/cli/node-json.ts';
import type { Column } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { Node, Service } from '../../../internal/contract/registry.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { formatAge } from '../../../internal/time/age.ts';

import type { config, flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { namespace } = placeOfSettings(ctx.config);
  const listed = await ctx.needs.registry.list({ domain: namespace, signal: ctx.signal });
  const services = [...listed].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  if (call.out.format === 'json') call.out.json(byName(services));
  else if (call.flags.nodes) call.out.table(services.flatMap(rowsOf), columns(ctx.now()));
  else for (const { name } of services) call.out.line(name);
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Row {
  readonly service: Service;
  /** Undefined for a version without nodes. */
  readonly node: Node | undefined;
}

const rowsOf = (service: Service): readonly Row[] =>
  service.nodes.length === 0 ? [{ service, node: undefined }] : service.nodes.map((node) => ({ service, node }));

const columns = (now: number): readonly Column<Row>[] => [
  { title: 'NAME', value: ({ service }) => service.name },
  { title: 'VERSION', value: ({ service }) => orNone(service.version) },
  { title: 'ADDRESS', value: ({ node }) => orNone(node?.address) },
  { title: 'REGISTERED', value: ({ node }) => since(node?.registeredAt, now) },
  { title: 'NODE', value: ({ node }) => orNone(node?.id) },
  { title: 'METADATA', value: ({ node }) => metadataText(node?.metadata ?? {}) },
];

const orNone = (text: string | undefined): string => text || 'n/a';

const since = (registeredAt: number | undefined, now: number): string =>
  registeredAt === undefined ? 'unknown' : `${formatAge(now - registeredAt)} ago`;

/** The domain is the namespace that was asked for. */
const metadataText = ({ domain: _, ...metadata }: Readonly<Record<string, string>>): string =>
  orNone(
    Object.entries(metadata)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(', '),
  );

/** One entry per name, with its versions and their nodes. */
const byName = (services: readonly Service[]): readonly unknown[] =>
  [...Map.groupBy(services, (s) => s.name)].map(([name, versions]) => ({
    name,
    versions: versions.map(({ version, metadata, nodes, endpoints }) => ({
      version,
      metadata,
      nodes: nodes.map(nodeJson),
      endpoints: endpoints.map((e) => e.name),
    })),
  }));
