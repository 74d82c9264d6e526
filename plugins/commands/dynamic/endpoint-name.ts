/** From command words to endpoint names and back (cli.md 3.3 and 3.5). Pure. */

/** Raises the first letter of every word; a word starts behind anything that is no letter, digit or `_`. */
export const titleWords = (text: string): string =>
  text.replace(/(^|[^\p{L}\p{Nd}_])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());

/**
 * The endpoint that positionals name, best first: as v3 spells it, then without dashes, which is how the handler of a
 * service called `foo-bar` is spelled. Empty for a wrong number of positionals.
 */
export const endpointNames = (positionals: readonly string[]): readonly string[] => {
  const [service = '', first = 'call', second] = positionals;
  if (positionals.length === 0 || positionals.length > 3) return [];
  const [handler, method] = second === undefined ? [service, first] : [first, second];
  const asSpelled = titleWords(handler);
  const candidates = [asSpelled, asSpelled.replaceAll('-', '')].map((type) => `${type}.${titleWords(method)}`);
  return [...new Set(candidates)];
};

/** The words behind `micro SERVICE` that call an endpoint: `Registry.GetService` of registry is `getService`, `Store.Read` of events is `store read`. */
export const commandWords = (service: string, endpoint: string): string => {
  const name = endpoint.split('.').map(lowerFirst).join('.');
  const own = [service, lowerFirst(titleWords(service).replaceAll('-', ''))].find((type) =>
    name.startsWith(`${type}.`),
  );
  return (own === undefined ? name : name.slice(own.length + 1)).replace('.', ' ');
};

const lowerFirst = (text: string): string => {
  const [first = ''] = text;
  return first.toLowerCase() + text.slice(first.length);
};
