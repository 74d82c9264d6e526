/** plugin.json: a third-party plugin's manifest as data. Owns its form, both directions; runs no code and reads no files. */

import type { Capability, Needs } from '../contract/capability.ts';
import { ExitError } from '../contract/error.ts';
import type { FieldSpecs } from '../contract/field.ts';
import { type ArgSpec, contractVersion, type Plugin, type PluginId, type Verb } from '../contract/plugin.ts';
import { fieldsJson, readFields } from './field-json.ts';
import { type JsonObject, type ObjectReader, readObject, wrong } from './json-reader.ts';

export const manifestFile = 'plugin.json';

/** A verb without its code. */
export type VerbData = Omit<Verb<FieldSpecs, FieldSpecs, Needs>, 'load'>;

interface Common {
  readonly id: PluginId;
  readonly version: string;
  readonly summary: string;
  /** File of the code, relative to the plugin's folder and inside it. */
  readonly entry: string;
  readonly config: FieldSpecs;
}

/** A checked manifest. */
export type ExternalManifest =
  | (Common & { readonly kind: 'driver'; readonly provides: string; readonly needs: Needs })
  | (Common & { readonly kind: 'service'; readonly port: number; readonly needs: Needs })
  | (Common & { readonly kind: 'command'; readonly verbs: readonly VerbData[] });

const name = '[a-z][a-z0-9]*(-[a-z0-9]+)*';
const idPattern = new RegExp(`^((commands|services)/${name}|drivers/${name}/${name})$`);
const capabilityPattern = /^[a-z][A-Za-z0-9]*$/;
const versionPattern = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
const wordsPattern = new RegExp(`^${name}( ${name}){0,3}$`);
const portMax = 65_535;

/** Throws ExitError that says what is wrong, and where. The contract version is looked at first: another one may have other keys. */
export const parseManifest = (value: unknown): ExternalManifest => {
  const o = readObject(value, manifestFile);
  checkApi(o.raw('api'));
  const kind = o.text('kind', { pattern: /^(driver|service|command)$/, want: 'driver, service or command' });
  const id = o.text('id', { pattern: idPattern, want: 'commands/NAME, services/NAME or drivers/SLOT/NAME' });
  if (!id.startsWith(`${kind}s/`)) throw wrong(o.place('id'), `a ${kind} is called ${kind}s/…, not ${id}`);
  const common: Common = {
    id: id as PluginId,
    version: o.text('version', { pattern: versionPattern, want: 'a version such as 1.0.0' }),
    summary: o.text('summary'),
    entry: readEntry(o),
    config: readFields(o.raw('config') ?? {}, o.place('config')),
  };
  const manifest = readKind(kind, common, o);
  o.end();
  return manifest;
};

const readKind = (kind: string, common: Common, o: ObjectReader): ExternalManifest => {
  if (kind === 'command') {
    const verbs = o.list('verbs', (verb, where) => readVerb(verb, where));
    if (verbs.length === 0) throw wrong(o.place('verbs'), 'a command has at least one verb');
    const twice = verbs.find((verb, at) => verbs.findIndex((v) => v.words === verb.words) !== at);
    if (twice !== undefined) throw wrong(o.place('verbs'), `two verbs are called ${twice.words}`);
    return { ...common, kind, verbs };
  }
  const needs = readNeeds(o.raw('needs') ?? {}, o.place('needs'));
  if (kind === 'service') {
    const port = o.optionalNumber('port') ?? 0;
    if (!Number.isInteger(port) || port < 0 || port > portMax) throw wrong(o.place('port'), 'want a port number');
    return { ...common, kind, port, needs };
  }
  const provides = o.text('provides', { pattern: capabilityPattern, want: 'the name of a slot' });
  if (provides === 'host') throw wrong(o.place('provides'), 'host is what micro itself provides');
  const slot = provides.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  if (common.id.split('/')[1] !== slot)
    throw wrong(o.place('id'), `a driver for ${provides} is called drivers/${slot}/…, not ${common.id}`);
  return { ...common, kind: 'driver', provides, needs };
};

const checkApi = (api: unknown): void => {
  if (api === undefined) throw wrong(`${manifestFile}.api`, 'is missing');
  if (api !== contractVersion)
    throw new ExitError(
      `it is made for version ${JSON.stringify(api)} of the plugin contract, this micro has version ${contractVersion}`,
      1,
    );
};

/** A relative path with forward slashes that stays inside the folder. */
const readEntry = (o: ObjectReader): string => {
  const entry = o.text('entry');
  const parts = entry.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\:]/.test(entry);
  if (bad) throw wrong(o.place('entry'), `want a file inside the plugin's folder, not ${JSON.stringify(entry)}`);
  if (!/\.c?js$/.test(entry)) throw wrong(o.place('entry'), 'want a CommonJS file: .cjs or .js');
  return entry;
};

/** `{ "records": "store", "cache": "cache?", "layers": "httpMiddleware*" }`. */
const readNeeds = (value: unknown, where: string): Needs => {
  const o = readObject(value, where);
  const needs: Record<string, Capability<unknown>> = {};
  for (const key of o.keys) {
    if (!capabilityPattern.test(key)) throw wrong(where, `${JSON.stringify(key)} is no name`);
    const text = o.text(key, { pattern: /^[a-z][A-Za-z0-9]*[?*]?$/, want: 'a slot: "store", "store?" or "store*"' });
    const mode = text.endsWith('?') ? 'optional' : text.endsWith('*') ? 'all' : 'one';
    needs[key] = { name: text.replace(/[?*]$/, ''), mode };
  }
  return needs;
};

const readVerb = (value: unknown, where: string): VerbData => {
  const o = readObject(value, where);
  const verb: VerbData = {
    words: o.text('words', { pattern: wordsPattern, want: 'one to four words in lower case' }),
    summary: o.text('summary'),
    description: o.optionalText('description', { lines: true }),
    args: o.list('args', readArg),
    flags: readFields(o.raw('flags') ?? {}, o.place('flags')),
    needs: readNeeds(o.raw('needs') ?? {}, o.place('needs')),
    examples: o.texts('examples'),
    hidden: o.flag('hidden'),
    passthrough: o.flag('passthrough'),
  };
  o.end();
  return verb;
};

const readArg = (value: unknown, where: string): ArgSpec => {
  const o = readObject(value, where);
  const arg = {
    name: o.text('name', { pattern: /^[a-z][a-z0-9_-]*$/, want: 'a name in lower case' }),
    doc: o.text('doc'),
    required: o.flag('required'),
    missing: o.optionalText('missing'),
    rest: o.flag('rest'),
  };
  o.end();
  return arg;
};

/** What parseManifest reads back: the plugin without its code. Throws ExitError for a kind that third parties cannot add. */
export const manifestJson = (plugin: Plugin, o: { readonly version: string; readonly entry: string }): JsonObject => {
  const common = {
    api: contractVersion,
    id: plugin.id,
    kind: plugin.kind,
    version: o.version,
    summary: plugin.summary,
    entry: o.entry,
    config: fieldsJson(plugin.config ?? {}),
  };
  switch (plugin.kind) {
    case 'driver':
      return { ...common, provides: plugin.provides.name, needs: needsJson(plugin.needs) };
    case 'service':
      return { ...common, port: plugin.port, needs: needsJson(plugin.needs) };
    case 'command':
      return { ...common, verbs: plugin.verbs.map((verb) => verbJson(verb as VerbData)) };
    default:
      throw new ExitError(`a plugin of kind ${plugin.kind} cannot be added: want driver, service or command`, 1);
  }
};

const marks = { one: '', optional: '?', all: '*' } as const;

const needsJson = (needs: Needs = {}): JsonObject =>
  Object.fromEntries(Object.entries(needs).map(([key, need]) => [key, `${need.name}${marks[need.mode]}`]));

const verbJson = (verb: VerbData): JsonObject => ({
  words: verb.words,
  summary: verb.summary,
  description: verb.description,
  args: verb.args,
  flags: fieldsJson(verb.flags ?? {}),
  needs: needsJson(verb.needs),
  examples: verb.examples,
  hidden: verb.hidden,
  passthrough: verb.passthrough,
});
