/** Generations: which tokens of an account end together, when it is deleted or gets another secret. Pure; whether a token is true only the holder of the key can say. */

import { createHash } from 'node:crypto';

import type { Account } from '../contract/auth.ts';
import { fieldOf } from './token-shape.ts';

/** That of a token as it stands in its header; without one, that of tokens which v3 made for the account. Undefined for what is no token. */
export const generationOf = (token: string): string | undefined => {
  const [header, claims] = token.split('.');
  const generation = fieldOf(header, 'gen');
  if (typeof generation === 'string') return generation;
  const id = fieldOf(claims, 'sub');
  const issuer = fieldOf(claims, 'iss');
  return typeof id === 'string' && typeof issuer === 'string' ? firstGeneration({ issuer, id }) : undefined;
};

/** Of an account whose record names no generation, as v3 writes them. It names nobody: generations are told to those who may not know of the account. */
export const firstGeneration = ({ issuer, id }: Pick<Account, 'issuer' | 'id'>): string =>
  `v3-${createHash('sha256').update(`${issuer.length} ${issuer}${id}`).digest('base64url')}`;
