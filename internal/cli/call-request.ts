/** What `micro call` and `micro stream` send, from their words and flags (cli.md 2.6, 2.7). Pure; throws ExitError. */

import { ExitError } from '../contract/error.ts';
import { firstJson } from './json-indent.ts';

/** Words joined by a blank must begin with a JSON object; none means an empty one. Numbers keep their digits. */
export const callRequest = (words: readonly string[]): Uint8Array => {
  const text = words.join(' ').trim();
  return new TextEncoder().encode(text === '' ? '{}' : objectText(text));
};

const objectText = (text: string): string => {
  const hint = `a request is a JSON object: '{"name": "John"}'`;
  try {
    const json = firstJson(text);
    if (json.text === 'null') return '{}';
    if (json.kind === 'object') return json.text;
    throw new ExitError(`Error creating request json: cannot unmarshal ${json.kind} into an object`, 1, { hint });
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
    throw new ExitError(`Error creating request ${e.message}`, 1, { cause: e, hint });
  }
};

/** `k=v` items as metadata, keys lower-case; a value may hold `=`, an item without one is left out. */
export const callMetadata = (items: readonly string[]): Readonly<Record<string, string>> => {
  const pairs = items
    .filter((item) => item.includes('='))
    .map((item) => [keyOf(item), item.slice(item.indexOf('=') + 1)]);
  return Object.fromEntries(pairs);
};

const keyOf = (item: string): string => item.slice(0, item.indexOf('=')).trim().toLowerCase();
