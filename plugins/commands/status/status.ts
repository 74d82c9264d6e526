/** `micro status [NAME [VERSION]]`: the table of services and their states (cli.md 2.3.5). */

import { basename, resolve } from 'node:path';

import type { Column } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { RuntimeService, ServiceRef } from '../../../internal/contract/runtime.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseReference } from '../../../internal/source/locate.ts';
import { formatAge } from '../../../internal/time/age.ts';

import type { config, flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { namespace } = placeOfSettings(ctx.config);
  const [named, version] = call.args;
  const ref = named ? referenceOf(named) : undefined;
  const services = await ctx.needs.runtime.read({
    service: ref?.name,
    version: ref && (version || ref.version),
    type: call.flags.type || undefined,
    namespace,
    signal: ctx.signal,
  });
  const sorted = [...services].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  call.out.table(sorted, columns(ctx.now()), toJson);
};

/** A folder or a repository stands for the name it runs under. */
const referenceOf = (argument: string): ServiceRef => {
  const { name, version } = parseReference(argument, process.cwd());
  return { name: basename(resolve(name)), version };
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const columns = (now: number): readonly Column<RuntimeService>[] => [
  { title: 'NAME', value: (s) => s.name },
  { title: 'VERSION', value: (s) => orNone(s.version) },
  { title: 'SOURCE', value: (s) => orNone(sourceOf(s)) },
  { title: 'STATUS', value: (s) => s.status },
  { title: 'BUILD', value: (s) => orNone(s.metadata.build?.slice(0, buildChars)) },
  { title: 'UPDATED', value: (s) => updated(s.metadata.started, now) },
  { title: 'METADATA', value: metadataText },
];

const buildChars = 7;
const orNone = (text: string | undefined): string => text || 'n/a';
const sourceOf = (s: RuntimeService): string => s.metadata.source ?? s.source;

const updated = (started: string | undefined, now: number): string => {
  if (!started) return 'unknown';
  const at = Date.parse(started);
  return Number.isNaN(at) ? started : `${formatAge(now - at)} ago`;
};

const metadataText = ({ status, metadata }: RuntimeService): string => {
  const parts = [`owner=${orNone(metadata.owner)}`, `group=${orNone(metadata.group)}`];
  if (metadata.restarts && metadata.restarts !== '0') parts.push(`restarts=${metadata.restarts}`);
  if (status === 'error' || metadata.error) parts.push(`error=${orNone(metadata.error)}`);
  return parts.join(', ');
};

const toJson = (s: RuntimeService): unknown => ({
  name: s.name,
  version: s.version,
  source: sourceOf(s),
  status: s.status,
  metadata: s.metadata,
});
