/** The router suite fails on drivers that break a promise: each row wraps the registry router and spoils one thing. */

import assert from 'node:assert/strict';

import { badRequest } from '../../internal/contract/error.ts';
import type { Picked, Router } from '../../internal/contract/router.ts';
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
    spoil: () => ({ report: () => undefined }),
  },
  {
    name: 'gives up when every node has failed',
    fails: 'still answers when every node has failed, the longest ago first',
    spoil: (good) => {
      let failed = 0;
      return {
        report: (address, outcome) => {
          failed += 1;
          good.report(address, outcome);
        },
        lookup: async (name, o) => (failed > 1 ? [] : good.lookup(name, o)),
      };
    },
  },
  {
    name: 'picks nothing from memory',
    fails: 'picks from memory once it has looked',
    spoil: () => ({ pick: () => undefined }),
  },
  {
    name: 'reads nothing when told to load',
    fails: 'knows after load what was registered after it looked before',
    spoil: () => ({ load: async () => undefined }),
  },
  {
    name: 'prefers one node',
    fails: 'picks each node as often as the others',
    spoil: (good) => ({ pick: lowest(good, 2) }),
  },
  {
    name: 'picks at random alone',
    fails: 'picks the less busy of two',
    spoil: (good) => ({ pick: forgetting(good) }),
  },
  {
    name: 'counts a call that is said to be done twice as two',
    fails: 'picks the less busy of two',
    spoil: (good) => ({ pick: doneTwice(good) }),
  },
  {
    name: 'ignores what is excluded',
    fails: 'picks none that is excluded',
    spoil: (good) => ({ pick: (name, o) => good.pick(name, { ...o, exclude: undefined }) }),
  },
  {
    name: 'learns nothing from the end of a call',
    fails: 'picks no node whose call failed, until one call has found it well again',
    spoil: (good) => ({ pick: forgetting(good) }),
  },
  {
    name: 'takes a node back only when its time is over',
    fails: 'takes a node back as soon as it is seen to answer',
    spoil: (good) => ({
      report: (address, outcome) => {
        if (outcome === 'failed') good.report(address, outcome);
      },
    }),
  },
  {
    name: 'never forgives an address',
    fails: 'gives a new node at the address of a failed one its chance',
    spoil: (good) => {
      const failed = new Set<string>();
      return {
        report: (address, outcome) => {
          if (outcome === 'failed') failed.add(address);
          good.report(address, outcome);
        },
        pick: (name, o) => good.pick(name, { ...o, exclude: new Set([...(o.exclude ?? []), ...failed]) }),
      };
    },
  },
  {
    name: 'takes a full name for a service',
    fails: 'takes a name for a service before it takes it for a full name',
    spoil: (good) => ({ resolve: (_, fullName, o) => good.resolve('nobody', fullName, o) }),
  },
  {
    name: 'picks any node of a service that serves a full name',
    fails: 'finds the service of a proto full name, and those of its nodes that serve it',
    spoil: (good) => ({ pick: (name, o) => good.pick(name, { ...o, fullName: undefined }) }),
  },
  {
    name: 'remembers full names for ever',
    fails: 'forgets the full names of nodes that have gone',
    spoil: (good) => {
      let first: string | undefined;
      return {
        resolve: (name, fullName, o) => {
          first ??= good.resolve(name, fullName, o);
          return first;
        },
      };
    },
  },
  {
    name: 'picks one of two services by itself',
    fails: 'refuses a full name that two services hold, naming both',
    spoil: () => ({ resolve: () => 'one' }),
  },
];

/** Of so many picks the one with the lowest port; the others are over at once. */
const lowest =
  (good: Router, picks: number): Router['pick'] =>
  (name, o) => {
    const picked = Array.from({ length: picks }, () => good.pick(name, o)).flatMap((one) => one ?? []);
    const [first, ...others] = picked.sort((a, b) => (a.route.node.address < b.route.node.address ? -1 : 1));
    for (const other of others) other.done('unknown');
    return first;
  };

/** Counts no call and hears of no end. */
const forgetting =
  (good: Router): Router['pick'] =>
  (name, o) => {
    const picked = good.pick(name, o);
    picked?.done('unknown');
    return picked && { route: picked.route, done: () => undefined };
  };

const doneTwice = (good: Router): Router['pick'] => {
  const open = new Map<string, Picked[]>();
  return (name, o) => {
    const picked = good.pick(name, o);
    if (picked === undefined) return undefined;
    const { address } = picked.route.node;
    const calls = open.get(address) ?? [];
    open.set(address, [...calls, picked]);
    return { route: picked.route, done: (outcome) => open.get(address)?.pop()?.done(outcome) };
  };
};

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
