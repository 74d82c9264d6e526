/** Whether a registration repeats what is known, so that a refresh is no event. Pure; allocates nothing for equal input. */

import type { ValueTree } from '../contract/handler.ts';
import type { Endpoint } from '../contract/registry.ts';

type Strings = Readonly<Record<string, string>>;

/** Same keys with the same values, in any order. */
export const sameStrings = (a: Strings, b: Strings): boolean => {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
};

/** Same endpoints in the same order. */
export const sameEndpoints = (a: readonly Endpoint[], b: readonly Endpoint[]): boolean =>
  a.length === b.length && a.every((endpoint, i) => sameEndpoint(endpoint, b[i]!));

const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.name === b.name &&
  sameStrings(a.metadata, b.metadata) &&
  sameTree(a.request, b.request) &&
  sameTree(a.response, b.response);

const sameTree = (a: ValueTree | undefined, b: ValueTree | undefined): boolean => {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.name === b.name &&
    a.type === b.type &&
    a.values.length === b.values.length &&
    a.values.every((value, i) => sameTree(value, b.values[i]))
  );
};
