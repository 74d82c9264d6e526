/** HTTP path to service and endpoint, as v3's default resolver does (wire.md 6.3). Pure. Odd paths are refused, never repaired: what is authorised is what is called. */

import { badRequest } from '../../../internal/contract/error.ts';

export interface Resolved {
  readonly service: string;
  /** `Type.Method`. */
  readonly endpoint: string;
}

const part = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
const version = /^v[0-9]+$/;

/** The path without query, beginning with `/`. Throws badRequest for a path that names no endpoint in exactly one way. */
export const resolvePath = (path: string): Resolved => {
  const parts = path.slice(1).split('/');
  if (!path.startsWith('/') || !parts.every((p) => part.test(p) && !p.includes('..')))
    throw badRequest('go.micro.api', `malformed path: ${path}`, {
      hint: 'a path is /SERVICE, /SERVICE/METHOD or /SERVICE/TYPE/METHOD of letters, digits and - _ .',
    });
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { service: first, endpoint: `${camel(first)}.Call` };
  if (parts.length === 2) return { service: first, endpoint: `${camel(first)}.${camel(second)}` };
  if (parts.length === 3 && version.test(first))
    return { service: `${first}.${second}`, endpoint: `${camel(second)}.${camel(third)}` };
  const service = parts.slice(0, -2).join('.');
  return { service, endpoint: `${camel(parts.at(-2) ?? '')}.${camel(parts.at(-1) ?? '')}` };
};

/** `foo-bar` becomes `FooBar`; underscores stay. A dot would make a third part of the endpoint. */
const camel = (text: string): string => {
  if (text.includes('.')) throw badRequest('go.micro.api', `malformed endpoint: ${text}`);
  return text
    .split('-')
    .map((piece) => piece.slice(0, 1).toUpperCase() + piece.slice(1))
    .join('');
};
