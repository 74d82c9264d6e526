/** ~/.micro/config.json: one JSON object, addressed by dot paths (cli.md 1.2). Owns reading and rewriting it; keys it does not know stay as they are. */

import { readFileSync, statSync } from 'node:fs';

import { ExitError } from '../contract/error.ts';
import { homeFileBytesMax } from '../contract/limits.ts';
import { jsonFault } from './json-fault.ts';
import { updateFile } from './update-file.ts';

export type JsonObject = { [key: string]: unknown };

export type ConfigValues = Readonly<Record<string, string | undefined>>;

export interface ConfigFile {
  readonly file: string;
  /** Text at a dot path: a string trimmed, any other JSON as compact text, empty when missing or null. Reads the file each time. */
  get(path: string): string;
  /** The whole object; `{"env":"local"}` when there is no file. Throws ExitError, naming file and position, when it is not a JSON object. */
  read(): JsonObject;
  /**
   * Stores strings at dot paths, all of them in one rewrite; undefined removes the key. A function is handed the reader of the
   * file as it stands under the lock. A damaged file is never overwritten.
   */
  set(
    values: ConfigValues | ((get: ConfigFile['get']) => ConfigValues),
    o?: { readonly signal?: AbortSignal },
  ): Promise<void>;
}

/** Nothing is read or created before it is asked for. `clear` may take out of the way what stands where the folder belongs, and says whether it did. */
export const openConfigFile = (fileOf: () => string, clear = (): boolean => false): ConfigFile => ({
  get file() {
    return fileOf();
  },
  get: (path) => textAt(readConfig(fileOf(), clear), path),
  read: () => readConfig(fileOf(), clear),
  set: (values, o) =>
    updateFile(
      fileOf(),
      (text) => {
        const config = text === undefined ? fresh() : parseConfig(text, fileOf());
        const wanted = typeof values === 'function' ? values((path) => textAt(config, path)) : values;
        for (const [path, value] of Object.entries(wanted)) setAt(config, partsOf(path), value);
        return JSON.stringify(sorted(config));
      },
      o,
    ),
});

const fresh = (): JsonObject => bare({ env: 'local' });

const readConfig = (file: string, clear: () => boolean): JsonObject => {
  let text: string;
  try {
    if (statSync(file).size > homeFileBytesMax)
      throw new ExitError(`${file} is larger than homeFileBytesMax (${homeFileBytesMax})`, 1);
    text = readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof ExitError) throw e;
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return fresh();
    if (e instanceof Error && 'code' in e && e.code === 'ENOTDIR' && clear()) return readConfig(file, () => false);
    throw new ExitError(`cannot read ${file}: ${e instanceof Error ? e.message : String(e)}`, 1, { cause: e });
  }
  return parseConfig(text, file);
};

const parseConfig = (text: string, file: string): JsonObject => {
  if (text.trim() === '') return fresh();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    const fault = jsonFault(text);
    const where = fault === undefined ? '' : ` at line ${fault.line}, column ${fault.column}`;
    throw damaged(`${file} is not valid JSON${where}`, file, e);
  }
  if (!isObject(value)) throw damaged(`${file} does not hold a JSON object`, file);
  return bare(value);
};

const damaged = (message: string, file: string, cause?: unknown): ExitError =>
  new ExitError(message, 1, { cause, hint: `fix it or move it away: mv ${file} ${file}.bad` });

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names come from outside, so the object must not inherit any. */
const bare = (value: JsonObject): JsonObject => Object.assign(Object.create(null), value);

const partsOf = (path: string): readonly string[] => {
  const parts = path.split('.');
  if (parts.some((part) => part === ''))
    throw new ExitError(path === '' ? 'key cannot be blank' : `bad key: ${path}`, 1);
  return parts;
};

const textAt = (config: JsonObject, path: string): string => {
  let value: unknown = config;
  for (const part of partsOf(path)) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return '';
    value = value[part];
  }
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
};

/** A value that stands where an object is needed gives way to one. */
const setAt = (config: JsonObject, parts: readonly string[], value: string | undefined): void => {
  let at = config;
  for (const part of parts.slice(0, -1)) {
    const inner = Object.hasOwn(at, part) ? at[part] : undefined;
    if (!isObject(inner) && value === undefined) return;
    const next = bare(isObject(inner) ? inner : {});
    at[part] = next;
    at = next;
  }
  const last = parts.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = value;
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const ordered = bare({});
  for (const key of Object.keys(value).sort()) ordered[key] = sorted(value[key]);
  return ordered;
};
