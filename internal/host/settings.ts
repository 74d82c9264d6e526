/**
 * Where settings come from and in which order: flag, MICRO_ variable, key `plugins.<id>` of the config file, profile, default. The only
 * reader of process.env for settings. Values are typed by the FieldSpec of the setting; nothing here is cached across runs.
 */

import { ExitError } from '../contract/error.ts';
import type { FieldSpec, FieldSpecs, Values } from '../contract/field.ts';
import type { SettingValue } from '../contract/host.ts';
import type { Plugin, PluginId } from '../contract/plugin.ts';
import { typedValue } from '../cli/argv.ts';
import { nearest } from '../cli/suggest.ts';
import { formatDuration } from '../time/duration.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Origin = SettingValue['origin'];

/** The environment of this process, live: sdk/child.ts takes secrets out of it. */
export const processEnvironment = (): Record<string, string | undefined> => process.env;

export interface SettingsOptions {
  readonly env: Environment;
  /** MICRO_ variable -> text given by its flag. */
  readonly flags?: ReadonlyMap<string, string>;
  /** Reads the key `plugins` of the config file; called at most once, when the first setting is asked for. */
  readonly readFile?: () => unknown;
  /** Named in messages about the file. */
  readonly fileName?: string;
  /** All plugins, so that unknown ids in the file are found. */
  readonly plugins: readonly Plugin[];
  /** Ids of plugins that are not in use: their part of the file is left alone. */
  readonly absent?: (id: string) => boolean;
}

/** Stronger and weaker sources that one start adds. */
export interface SettingLayers {
  /** Setting -> text, with the strength of a flag. */
  readonly given?: Readonly<Record<string, string>>;
  readonly profile?: Readonly<Record<string, unknown>>;
}

export interface Settings {
  /** The text of a MICRO_ variable from its flag or the environment; undefined when unset or empty. */
  variable(name: string): string | undefined;
  /** Checked values with defaults filled in. Throws ExitError 1 naming the setting and where its value came from. */
  values<C extends FieldSpecs>(plugin: Configured<C>, layers?: SettingLayers): Values<C>;
  explain(plugin: Configured<FieldSpecs>, layers?: SettingLayers): readonly SettingValue[];
}

export interface Configured<C extends FieldSpecs> {
  readonly id: PluginId;
  readonly config?: C;
}

export const createSettings = (o: SettingsOptions): Settings => {
  let section: FileSection | undefined;
  const fileSection = (): FileSection => {
    section ??= checkSection(o.readFile?.(), o);
    return section;
  };
  const variable = (name: string): string | undefined => o.flags?.get(name) || o.env[name] || undefined;
  const sourceOf = (plugin: Configured<FieldSpecs>, name: string, spec: FieldSpec, layers: SettingLayers): Source => {
    const given = layers.given?.[name];
    if (given !== undefined) return { origin: 'flag', label: `--${name}`, texts: itemsOf(spec, given) };
    const byVariable = variableSource(o, spec);
    if (byVariable !== undefined) return byVariable;
    const stored = fileSection().get(plugin.id)?.[name];
    const key = `${o.fileName ?? 'config file'}: plugins.${plugin.id}.${name}`;
    if (stored !== undefined && stored !== null) return { origin: 'file', label: key, texts: textsOf(stored) };
    const preset = layers.profile?.[name];
    if (preset !== undefined)
      return { origin: 'profile', label: `profile: ${plugin.id}.${name}`, texts: textsOf(preset) };
    return spec.default === undefined ? { origin: 'unset', label: name } : { origin: 'default', label: name };
  };
  return {
    variable,
    values: <C extends FieldSpecs>(plugin: Configured<C>, layers: SettingLayers = {}): Values<C> => {
      const values: Record<string, unknown> = {};
      for (const [name, spec] of Object.entries<FieldSpec>(plugin.config ?? {})) {
        const value = typedOf(plugin.id, name, spec, sourceOf(plugin, name, spec, layers));
        if (value !== undefined) values[name] = value;
      }
      return values as Values<C>;
    },
    explain: (plugin, layers = {}) =>
      Object.entries<FieldSpec>(plugin.config ?? {}).map(([name, spec]) => {
        const source = sourceOf(plugin, name, spec, layers);
        return { name, value: shownValue(spec, source), origin: source.origin, doc: spec.doc };
      }),
  };
};

interface Source {
  readonly origin: Origin;
  /** Where a person would change it. */
  readonly label: string;
  /** Undefined when nothing was given: the default counts. */
  readonly texts?: readonly string[];
}

const variableSource = (o: SettingsOptions, spec: FieldSpec): Source | undefined => {
  if (spec.env === undefined) return undefined;
  const flag = o.flags?.get(spec.env);
  if (flag) return { origin: 'flag', label: `the flag for ${spec.env}`, texts: itemsOf(spec, flag) };
  const text = o.env[spec.env];
  return text ? { origin: 'env', label: spec.env, texts: itemsOf(spec, text) } : undefined;
};

/** Where a text stands for a whole list, commas separate its items, as in variables (cli.md 0.1.5). */
const itemsOf = (spec: FieldSpec, text: string): readonly string[] =>
  spec.list ? text.split(',').map((item) => item.trim()) : [text];

const typedOf = (id: PluginId, name: string, spec: FieldSpec, source: Source): unknown => {
  if (source.texts === undefined) {
    if (spec.default !== undefined) return spec.default;
    if (spec.list) return [];
    if (spec.required)
      throw new ExitError(`${id} needs the setting ${name}`, 1, {
        hint: spec.env === undefined ? `set plugins.${id}.${name} in the config file` : `set ${spec.env}`,
      });
    return undefined;
  }
  try {
    return typedValue(spec, source.texts, name);
  } catch (e) {
    const text = spec.secret ? '***' : source.texts.join(',');
    const reason = spec.secret || !(e instanceof Error) ? '' : `: ${e.message}`;
    throw new ExitError(
      `could not parse ${JSON.stringify(text)} as ${spec.type} value for ${source.label}${reason}`,
      1,
      {
        cause: e,
      },
    );
  }
};

const shownValue = (spec: FieldSpec, source: Source): string => {
  if (source.origin === 'unset') return '';
  if (spec.secret) return '***';
  if (source.texts !== undefined) return source.texts.join(',');
  return spec.type === 'duration' ? formatDuration(spec.default as number) : textsOf(spec.default).join(',');
};

/** A JSON or profile value as the texts a flag would have; lists give one per item. */
const textsOf = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.map((item) => textsOf(item).join(','));
  if (typeof value === 'object' && value !== null) return [JSON.stringify(value)];
  return [String(value)];
};

type FileSection = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Under `plugins` of the config file every id and every key must be known; a typing mistake there must not pass in silence. */
const checkSection = (value: unknown, o: SettingsOptions): FileSection => {
  const file = o.fileName ?? 'config file';
  if (value === undefined || value === null) return new Map();
  if (!isObject(value)) throw new ExitError(`${file}: plugins is not a JSON object`, 1);
  const section = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [id, settings] of Object.entries(value)) {
    const plugin = o.plugins.find((p) => p.id === id);
    if (plugin === undefined && o.absent?.(id)) continue;
    if (plugin === undefined)
      throw unknownKey(
        `${file}: plugins.${id}`,
        id,
        o.plugins.map((p) => p.id),
      );
    if (!isObject(settings)) throw new ExitError(`${file}: plugins.${id} is not a JSON object`, 1);
    const known = plugin.config ?? {};
    for (const name of Object.keys(settings))
      if (!Object.hasOwn(known, name)) throw unknownKey(`${file}: plugins.${id}.${name}`, name, Object.keys(known));
    section.set(id, settings);
  }
  return section;
};

const unknownKey = (where: string, key: string, known: readonly string[]): ExitError => {
  const near = nearest(key, known);
  const list = known.length === 0 ? 'it has no settings' : `known: ${known.join(', ')}`;
  return new ExitError(`unknown key ${where}`, 1, { hint: near === undefined ? list : `did you mean ${near}?` });
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
