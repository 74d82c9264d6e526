/** Reads the texts of run's flags: words, variables, metadata (cli.md 2.3). Pure. */

import { ExitError } from '../../../internal/contract/error.ts';

/** Words of a command line, split at blanks as in v3: quotes mean nothing. Undefined for none. */
export const wordsOf = (text: string | undefined): readonly string[] | undefined => {
  const words = (text ?? '').split(' ').filter((word) => word !== '');
  return words.length === 0 ? undefined : words;
};

/** `A=1` items, also several in one text. Throws ExitError for an item without a name. */
export const environmentItems = (texts: readonly string[]): readonly string[] => {
  const items = texts.flatMap((text) => text.split(',')).map((item) => item.trim());
  const given = items.filter((item) => item !== '');
  for (const item of given)
    if (item.indexOf('=') < 1)
      throw new ExitError(`Invalid environment variable, must be of form A=1: ${item}`, 1, {
        hint: 'a comma begins the next variable',
      });
  return given;
};

/** `key=value` items with exactly one `=`, as in v3. Throws ExitError in its words. */
export const metadataOf = (texts: readonly string[]): Readonly<Record<string, string>> => {
  const entries = texts.map((text): [string, string] => {
    const [key = '', value, ...more] = text.split('=');
    if (value === undefined || more.length > 0)
      throw new ExitError(`Invalid metadata string, must be of form foo=bar ${text}`, 1);
    if (key === 'source') throw new ExitError(`Invalid metadata string, 'source' is a reserved key`, 1);
    return [key, value];
  });
  return Object.fromEntries(entries);
};
