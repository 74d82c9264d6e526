/** The router suite fails on drivers that break a promise: each row wraps the registry router and spoils one thing. */

import assert from 'node:assert/strict';

import { badRequest } from '../../internal/contract/error.ts';
import type { Router } from '../../internal/contract/router.ts';
import { suite } from '../support/suite.ts';
import { openRegistryRouter } from './open-router.ts';
import { cases } from './router.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: string;
  spoil(good: Router): Partial<Router>;
}

const broken: readonly Broken[] = [
  {
    name: 'answers with one node only',
    fails: 'answers with every node of every version',
    spoil: (good) => ({ lookup: async (name, o) => (await good.lookup(name, o)).slice(0, 1) }),
  },
  {
    name: 'answers with nothing for an unknown service',
    fails: 'says so when a service is unknown',
    spoil: (good) => ({ lookup: (name, o) => good.lookup(name, o).catch(() => []) }),
  },
  {
    name: 'words the failure its own way',
    fails: 'says so when a service has no node',
    spoil: (good) => ({
      lookup: (name, o) =>
        good.lookup(name, o).catch(() => {
          throw badRequest('router', 'no route');
        }),
    }),
  },
  {
    name: 'remembers the first answer for ever',
    fails: 'follows nodes that come and go',
    spoil: (good) => {
      const first = new Map<string, ReturnType<Router['lookup']>>();
      return {
        lookup: (name, o) => {
          const answer = first.get(name) ?? good.lookup(name, o);
          first.set(name, answer);
          return answer;
        },
      };
    },
  },
  {
    name: 'mixes namespaces',
    fails: 'keeps namespaces apart',
    spoil: (good) => ({
      lookup: async (name, o) => {
        for (const namespace of ['one', 'two'])
          try {
            return await good.lookup(name, { ...o, namespace });
          } catch {
            // The next one may know it.
          }
        return good.lookup(name, o);
      },
    }),
  },
  {
    name: 'always starts with the same node',
    fails: 'starts with another node now and then',
    spoil: (good) => ({
      lookup: async (name, o) => (await good.lookup(name, o)).toSorted((a, b) => (a.node.id < b.node.id ? -1 : 1)),
    }),
  },
  {
    name: 'ignores failures',
    fails: 'leaves a failed node out for a while',
    spoil: () => ({ reportFailure: () => undefined }),
  },
  {
    name: 'gives up when every node has failed',
    fails: 'still answers when every node has failed, the longest ago first',
    spoil: (good) => {
      let failed = 0;
      return {
        reportFailure: (route) => {
          failed += 1;
          good.reportFailure(route);
        },
        lookup: async (name, o) => (failed > 1 ? [] : good.lookup(name, o)),
      };
    },
  },
  {
    name: 'picks one of two services by itself',
    fails: 'refuses a full name that two services hold, naming both',
    spoil: (good) => ({
      lookupFullName: (name, o) => good.lookupFullName(name, o).catch(() => good.lookup('one', o)),
    }),
  },
];

const test = suite('router suite on broken drivers');

for (const { name, fails, spoil } of broken)
  test(`notices a driver that ${name}`, async () => {
    const { driver, close } = await openRegistryRouter();
    const run = cases[fails];
    assert.ok(run, `no such case: ${fails}`);
    await assert.rejects(run({ ...driver, router: { ...driver.router, ...spoil(driver.router) } }));
    await close();
  });

test.run();
