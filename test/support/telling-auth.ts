/** An auth that believes every token of its own making, admits everybody by the public rule, and tells what the test says: for listeners that cut the calls of accounts that end. */

import { createAuthListeners } from '../../internal/auth/auth-listeners.ts';
import type { AuthChange } from '../../internal/contract/auth-change.ts';
import type { CallerAuth } from '../../internal/contract/auth.ts';
import { invalidToken } from '../../internal/auth/token-shape.ts';
import { openAuth } from '../conformance/open-client.ts';

export interface TellingAuth extends CallerAuth {
  /** A token of the account, whose generation is `of ID`. */
  tokenOf(id: string): string;
  /** Its tokens end; who asks about one hears so from now on. */
  end(id: string): void;
  /** The account ends, but nobody is told more than that something may have. */
  endUnsaid(id: string): void;
  /** Answers to questions wait from now on until the result is called. */
  hold(): () => void;
  /** How many questions wait. */
  readonly waiting: number;
  /** How many listen. */
  readonly listening: number;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export const openTellingAuth = (): TellingAuth => {
  const listeners = createAuthListeners();
  const ended = new Set<string>();
  let gate: Promise<void> | undefined;
  let waiting = 0;
  const idOf = (token: string): string =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')).sub;
  const tell = (change: AuthChange): void => listeners.tell(change);
  return {
    rules: openAuth.rules,
    changes: listeners.add,
    inspect: async (token) => {
      const id = idOf(token);
      // As it was when it was asked.
      const wasEnded = ended.has(id);
      waiting += 1;
      await gate;
      waiting -= 1;
      if (wasEnded) throw invalidToken({ reason: 'ended_account', hint: `${id} is gone` });
      return { id, type: 'user', issuer: 'micro', metadata: {}, scopes: [], name: id };
    },
    tokenOf: (id) => `${part({ alg: 'RS256', gen: `of ${id}` })}.${part({ sub: id, iss: 'micro' })}.c2ln`,
    end: (id) => {
      ended.add(id);
      tell({ kind: 'tokens', generation: `of ${id}`, reason: 'ended_account', account: { namespace: 'micro', id } });
    },
    endUnsaid: (id) => {
      ended.add(id);
      tell({ kind: 'missed' });
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = undefined;
        resolve();
      };
    },
    get waiting() {
      return waiting;
    },
    get listening() {
      return listeners.size;
    },
  };
};
