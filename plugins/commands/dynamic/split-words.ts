/** Splits the words of a dynamic command into positionals and flags (cli.md 3.2). Pure; knows no types. */

export interface SplitWords {
  readonly positionals: readonly string[];
  /** Flag name -> its values, in the order given; a flag without a value has an empty list. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/**
 * Only `--` starts a flag: `-5` and `-x` are values or positionals. A flag takes the next word that starts no flag, or
 * what follows its first `=`. Words behind a lone `--` are positionals.
 */
export const splitWords = (words: readonly string[]): SplitWords => {
  const positionals: string[] = [];
  const flags = new Map<string, string[]>();
  let pending: string[] | undefined;
  for (const [i, word] of words.entries()) {
    if (word === '--') {
      positionals.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('--')) {
      (pending ?? positionals).push(word);
      pending = undefined;
      continue;
    }
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const values = flags.get(name) ?? [];
    flags.set(name, values);
    pending = equals < 0 ? values : undefined;
    if (equals >= 0) values.push(word.slice(equals + 1));
  }
  return { positionals, flags };
};
