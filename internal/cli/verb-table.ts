/** From words to verbs: the longest match among all manifests. Pure; knows nothing of services or of programs on PATH. */

import type { FieldSpec, FieldSpecs } from '../contract/field.ts';
import type { CommandPlugin, Plugin, Verb } from '../contract/plugin.ts';

export interface FoundVerb {
  readonly plugin: CommandPlugin<FieldSpecs>;
  readonly verb: Verb;
  /** Everything behind the verb's own words. */
  readonly words: readonly string[];
}

/** What a list of words leads to. A group has no verb of its own, and `words` starts behind its name. */
export type Match =
  | ({ readonly kind: 'verb' } & FoundVerb)
  | { readonly kind: 'group'; readonly name: string; readonly words: readonly string[] }
  | { readonly kind: 'none' };

/** The fallback for unknown words. */
export const anyWord = '*';

/** The longest verb whose words begin the line; a shorter verb wins over a longer group. `forHelp`: verbs that share their word with a service count always. */
export const matchVerb = (
  words: readonly string[],
  plugins: readonly Plugin[],
  { forHelp = false }: { readonly forHelp?: boolean } = {},
): Match => {
  const verbs = verbsOf(plugins);
  for (let length = words.length; length > 0; length--) {
    const name = words.slice(0, length).join(' ');
    const found = verbs.find(({ verb }) => verb.words === name && name !== anyWord);
    const below = words.slice(length);
    if (found !== undefined && (forHelp || takes(found.verb, below))) return { kind: 'verb', ...found, words: below };
    if (isGroup(name, plugins, forHelp)) return { kind: 'group', name, words: words.slice(length) };
  }
  return { kind: 'none' };
};

/** Each verb with its plugin, in the order of the manifests. */
export const verbsOf = (plugins: readonly Plugin[]): readonly Omit<FoundVerb, 'words'>[] =>
  plugins.flatMap((plugin) =>
    plugin.kind === 'command' ? plugin.verbs.map((verb) => ({ plugin, verb: verb as Verb })) : [],
  );

/** Verbs below a name: `env` -> `env add`, `env list`. */
export const verbsBelow = (name: string, plugins: readonly Plugin[]): readonly Verb[] =>
  verbsOf(plugins)
    .map(({ verb }) => verb)
    .filter((verb) => verb.words.startsWith(`${name} `));

const isGroup = (name: string, plugins: readonly Plugin[], forHelp: boolean): boolean =>
  verbsBelow(name, plugins).some((verb) => forHelp || verb.sharesWord !== true);

const takes = (verb: Verb, words: readonly string[]): boolean => {
  if (verb.sharesWord !== true) return true;
  const [first] = words;
  if (first !== undefined && !first.startsWith('-')) return true;
  const required = Object.entries<FieldSpec>(verb.flags ?? {}).filter(([, spec]) => spec.required);
  return required.some(([name]) => words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)));
};

/** First words of all verbs that help lists, sorted. */
export const commandWords = (plugins: readonly Plugin[]): readonly string[] =>
  [
    ...new Set(
      verbsOf(plugins)
        .filter(({ verb }) => !verb.hidden && verb.words !== anyWord)
        .map(({ verb }) => verb.words.split(' ')[0] as string),
    ),
  ].sort();
