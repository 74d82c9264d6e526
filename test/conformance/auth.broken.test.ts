/** Proves that the auth suite bites: cases must fail on drivers that break one promise each. */

import { strict as assert } from 'node:assert';

import type { Account, Auth } from '../../internal/contract/auth.ts';
import { suite } from '../support/suite.ts';
import { cases } from './auth.ts';
import { startLocalAuth } from './start-local-auth.ts';

const test = suite('auth conformance on broken drivers');

interface Broken {
  readonly fault: string;
  readonly caught: string;
  breakIt(auth: Auth): Partial<Auth>;
}

const nobody = { id: 'admin', type: 'user', issuer: 'micro', metadata: {}, scopes: ['admin'], name: 'admin' };

const broken: readonly Broken[] = [
  {
    fault: 'believes every token',
    caught: 'inspects what it issued and nothing else',
    breakIt: () => ({ inspect: async () => nobody }),
  },
  {
    fault: 'believes every secret',
    caught: 'refuses tokens without credentials and with wrong ones',
    breakIt: (auth) => ({ token: (request, o) => auth.token({ ...request, id: 'admin', secret: 'micro' }, o) }),
  },
  {
    fault: 'remembers tokens of deleted accounts',
    caught: 'ends all tokens of a deleted account at once',
    breakIt: (auth) => {
      const seen = new Map<string, ReturnType<Auth['inspect']>>();
      return {
        inspect: (token) => seen.get(token) ?? seen.set(token, auth.inspect(token)).get(token) ?? auth.inspect(token),
      };
    },
  },
  {
    fault: 'still knows accounts that are gone',
    caught: 'what it knows at once ends with the account, the secret and the rule',
    breakIt: (auth) => {
      const seen = new Map<string, Account>();
      return {
        inspect: async (token) => {
          const account = await auth.inspect(token);
          seen.set(token, account);
          return account;
        },
        known: { account: (token) => seen.get(token), rules: () => undefined },
      };
    },
  },
  {
    fault: 'tells of the new generation instead of the old one',
    caught: 'tells of tokens that have ended, by their generation, and of nothing else',
    breakIt: (auth) => ({
      changes: (listener) =>
        auth.changes?.((change) => listener(change.kind === 'tokens' ? { ...change, generation: 'new' } : change)) ??
        (() => undefined),
    }),
  },
  {
    fault: 'tells of rules before it follows them',
    caught: 'tells of changed rules by their namespace, when its answers follow them',
    breakIt: (auth) => {
      const rules = new Map<string | undefined, ReturnType<Auth['rules']>>();
      return { rules: (o) => rules.get(o?.namespace) ?? rules.set(o?.namespace, auth.rules(o)).get(o?.namespace)! };
    },
  },
  {
    fault: 'does not change secrets',
    caught: 'changes a secret and ends the old tokens',
    breakIt: () => ({ changeSecret: async () => undefined }),
  },
  {
    fault: 'mixes namespaces',
    caught: 'keeps namespaces apart',
    breakIt: (auth) => ({ accounts: () => auth.accounts({ namespace: 'foo' }) }),
  },
  {
    fault: 'gives every refresh its own successor',
    caught: 'refreshes, and gives the same successor to parallel callers',
    breakIt: (auth) => ({
      token: async (request, o) => {
        const token = await auth.token(request, o);
        return request.refreshToken ? auth.token({ id: 'admin', secret: 'micro' }) : token;
      },
    }),
  },
  {
    fault: 'loses the default rule',
    caught: 'has the default rule where there is no other',
    breakIt: (auth) => ({ rules: async (o) => (await auth.rules(o)).filter((r) => r.id !== 'default') }),
  },
  {
    fault: 'turns denials into grants',
    caught: 'keeps rules as they were given',
    breakIt: (auth) => ({ createRule: (rule, o) => auth.createRule({ ...rule, access: 'granted' }, o) }),
  },
];

for (const b of broken)
  test(`catches a driver that ${b.fault}`, async () => {
    const { instance, stop } = await startLocalAuth();
    try {
      const body = cases[b.caught];
      assert.ok(body, `no case called ${b.caught}`);
      await assert.rejects(body({ ...instance, ...b.breakIt(instance) }));
    } finally {
      await stop();
    }
  });

test.run();
