/**
 * Reads a command line by FieldSpec: values are typed by the flag they belong to, never by how they look. Owns v3's parser rules
 * (cli.md 0.1) with one kindness: a flag the verb knows may also stand behind positionals, up to `--`. Reads no variables.
 */

import { ExitError } from '../contract/error.ts';
import type { FieldSpec, FieldSpecs } from '../contract/field.ts';
import { parseField } from '../field/parse.ts';
import { nearest } from './suggest.ts';

export interface SplitOptions {
  /** The first positional ends the reading: what follows belongs to the next level. */
  readonly stopAtPositional?: boolean;
  /** Unknown flags behind a positional are words of the verb's own (its last argument takes all that remain). */
  readonly looseWords?: boolean;
  /** What the hint names: `micro status`. */
  readonly command: string;
}

export interface SplitArgv {
  /** Flag name -> its texts in the order given; a bare bool flag has the text `true`. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** Words behind `--`. */
  readonly rest: readonly string[];
  /** `--help` or `-h` was among the flags. */
  readonly help: boolean;
}

/** Splits words into flags, positionals and rest. Throws ExitError 1 for an unknown flag, a missing value or two forms of one flag. */
export const splitArgv = (words: readonly string[], specs: FieldSpecs, o: SplitOptions): SplitArgv => {
  const names = flagNames(specs);
  const texts = new Map<string, string[]>();
  const forms = new Map<string, string>();
  const args: string[] = [];
  let help = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') return { texts, args, rest: words.slice(at + 1), help };
    const flag = readFlag(word);
    const name = flag && names.get(flag.form);
    if (flag === undefined || (name === undefined && !isHelp(flag.form) && isOwnWord(word, args, o))) {
      args.push(word);
      if (o.stopAtPositional) return { texts, args: [...args, ...words.slice(at + 1)], rest: [], help };
      continue;
    }
    if (name === undefined) {
      if (!isHelp(flag.form)) throw unknownFlag(flag.form, names.keys(), o.command);
      help = true;
      continue;
    }
    checkForm(forms, name, flag.form);
    let text = flag.text;
    if (text === undefined && specs[name]?.type === 'bool') text = 'true';
    if (text === undefined) {
      at += 1;
      text = words[at];
    }
    if (text === undefined) throw usageError(`flag needs an argument: -${flag.form}`, o.command);
    texts.set(name, [...(texts.get(name) ?? []), text]);
  }
  return { texts, args, rest: [], help };
};

/** `--name`, `-name` and the same with `=value`; undefined for a positional, a lone `-` included. */
const readFlag = (word: string): { readonly form: string; readonly text: string | undefined } | undefined => {
  const [, form, , text] = /^--?([^-=][^=]*)(=([\s\S]*))?$/.exec(word) ?? [];
  return form === undefined ? undefined : { form, text };
};

const isHelp = (form: string): boolean => form === 'help' || form === 'h';

/** Negative numbers always are words; other unknown flags only behind a positional of a verb that takes all words. */
const isOwnWord = (word: string, args: readonly string[], o: SplitOptions): boolean =>
  /^-\.?\d/.test(word) || (o.looseWords === true && args.length > 0);

/** Every form a flag may be written in -> its name. The first flag that claims a form keeps it. */
const flagNames = (specs: FieldSpecs): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  for (const name of Object.keys(specs)) names.set(name, name);
  for (const [name, { short, alias }] of Object.entries(specs))
    for (const form of [short, alias]) if (form !== undefined && !names.has(form)) names.set(form, name);
  return names;
};

const checkForm = (forms: Map<string, string>, name: string, form: string): void => {
  const before = forms.get(name);
  if (before !== undefined && before !== form)
    throw new ExitError(`Cannot use two forms of the same flag: ${[before, form].sort().join(' ')}`, 1);
  forms.set(name, form);
};

const usageError = (detail: string, command: string, hint = `see ${command} --help`): ExitError =>
  new ExitError(`Incorrect Usage: ${detail}`, 1, { hint });

const unknownFlag = (form: string, known: Iterable<string>, command: string): ExitError => {
  const near = nearest(form, [...known, 'help']);
  return usageError(
    `flag provided but not defined: -${form}`,
    command,
    near === undefined ? undefined : `did you mean --${near}?`,
  );
};

/** The typed value of one flag or setting: list fields give an array, of a repeated plain flag the last counts. Throws what parseField throws. */
export const typedValue = (spec: FieldSpec, texts: readonly string[], name: string): unknown => {
  if (spec.list !== true) return parseField(spec, texts.slice(-1), name);
  // One item per occurrence: a comma is part of the text, as in v3.
  const item: FieldSpec = { ...spec, list: false, default: undefined };
  return texts.map((text) => parseField(item, [text], name));
};

/** The values of the flags that were given. Throws ExitError 1 in Go's words for a text that does not fit. */
export const flagValues = (
  texts: ReadonlyMap<string, readonly string[]>,
  specs: FieldSpecs,
  command: string,
): Readonly<Record<string, unknown>> => {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, given] of texts) {
    const spec = specs[name];
    if (spec === undefined) continue;
    try {
      values[name] = typedValue(spec, given, `--${name}`);
    } catch (e) {
      const text = spec.secret ? '***' : given.at(-1);
      const reason = e instanceof Error ? e.message : String(e);
      throw new ExitError(`Incorrect Usage: invalid value ${JSON.stringify(text)} for flag -${name}: parse error`, 1, {
        cause: e,
        hint: spec.secret ? `see ${command} --help` : reason,
      });
    }
  }
  return values;
};
