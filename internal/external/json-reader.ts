/** Reads untrusted JSON strictly: each value by its kind, no key that is not known, faults with the place of the value. Knows nothing of plugins. */

import { ExitError } from '../contract/error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** An object, the place it stands at, and the keys it was asked for: `end()` refuses all others. */
export interface ObjectReader {
  readonly where: string;
  readonly keys: readonly string[];
  /** Undefined when the key is missing. */
  raw(key: string): unknown;
  /** One line of text, unless `lines` are allowed. */
  text(key: string, o?: TextOptions): string;
  optionalText(key: string, o?: TextOptions): string | undefined;
  /** False when missing. */
  flag(key: string): boolean;
  optionalNumber(key: string): number | undefined;
  /** Empty when missing. */
  texts(key: string): readonly string[];
  /** Empty when missing. */
  list<T>(key: string, read: (value: unknown, where: string) => T): readonly T[];
  object(key: string): ObjectReader;
  place(key: string): string;
  end(): void;
}

export interface TextOptions {
  readonly lines?: boolean;
  readonly pattern?: RegExp;
  /** What the pattern stands for, in words. */
  readonly want?: string;
}

/** One text of a manifest, in characters: it is printed. */
const textCharsMax = 4_000;

export const wrong = (where: string, detail: string): ExitError => new ExitError(`${where}: ${detail}`, 1);

/** Throws ExitError naming the place of whatever does not fit. */
export const readObject = (value: unknown, where: string): ObjectReader => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'want a JSON object');
  const object = value as JsonObject;
  const asked = new Set<string>();
  const place = (key: string): string => `${where}.${key}`;
  const raw = (key: string): unknown => {
    asked.add(key);
    return Object.hasOwn(object, key) ? object[key] : undefined;
  };
  const list = <T>(key: string, read: (item: unknown, at: string) => T): readonly T[] => {
    const found = raw(key);
    if (found === undefined) return [];
    if (!Array.isArray(found)) throw wrong(place(key), 'want a JSON array');
    return found.map((item, i) => read(item, `${place(key)}[${i}]`));
  };
  return {
    where,
    keys: Object.keys(object),
    raw,
    text: (key, o) => readText(raw(key), place(key), o),
    optionalText: (key, o) => (raw(key) === undefined ? undefined : readText(raw(key), place(key), o)),
    flag: (key) => {
      const found = raw(key) ?? false;
      if (typeof found !== 'boolean') throw wrong(place(key), 'want true or false');
      return found;
    },
    optionalNumber: (key) => {
      const found = raw(key);
      if (found === undefined) return undefined;
      if (typeof found !== 'number' || !Number.isFinite(found)) throw wrong(place(key), 'want a number');
      return found;
    },
    texts: (key) => list(key, (item, at) => readText(item, at)),
    list,
    object: (key) => readObject(raw(key) ?? {}, place(key)),
    place,
    end: () => {
      const unknown = Object.keys(object).find((key) => !asked.has(key));
      if (unknown !== undefined)
        throw wrong(where, `unknown key ${JSON.stringify(unknown)} (known: ${[...asked].join(', ')})`);
    },
  };
};

const readText = (value: unknown, where: string, o: TextOptions = {}): string => {
  if (value === undefined) throw wrong(where, 'is missing');
  if (typeof value !== 'string') throw wrong(where, 'want text');
  if (value.length > textCharsMax) throw wrong(where, `longer than ${textCharsMax} characters`);
  // Manifests are printed: nothing in them may steer a terminal.
  if (/\p{Cc}/u.test(o.lines ? value.replaceAll('\n', '') : value))
    throw wrong(where, o.lines ? 'holds control characters' : 'want one line without control characters');
  if (o.pattern !== undefined && !o.pattern.test(value))
    throw wrong(where, `want ${o.want ?? o.pattern.source}, not ${JSON.stringify(value)}`);
  return value;
};
