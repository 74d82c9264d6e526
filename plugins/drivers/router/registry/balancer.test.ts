/** How nodes are chosen, with random numbers that repeat: evenly, by load, and around failed nodes. */

import assert from 'node:assert/strict';

import { failedNodesMax, nodePenaltyMs } from '../../../../internal/contract/limits.ts';
import type { Picked, Route } from '../../../../internal/contract/router.ts';
import { seededRandom } from '../../../../test/support/seeded-random.ts';
import { suite } from '../../../../test/support/suite.ts';

import { type Balancer, createBalancer } from './balancer.ts';

const routesOf = (count: number): readonly Route[] =>
  Array.from({ length: count }, (_, i) => ({
    service: 'a',
    version: 'latest',
    node: { id: `a-${i}`, address: `10.0.0.1:${i}`, metadata: {} },
  }));

const open = (seed: number) => {
  let now = 0;
  const balancer = createBalancer({ now: () => now, random: seededRandom(seed) });
  const advance = (ms: number): void => {
    now += ms;
  };
  return { balancer, advance };
};

const addressesOf = (balancer: Balancer, routes: readonly Route[], times: number): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (let i = 0; i < times; i += 1) {
    const picked = balancer.pick(routes);
    picked?.done('unknown');
    const address = picked?.route.node.address ?? 'none';
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return counts;
};

const spread = (counts: ReadonlyMap<string, number>): number =>
  Math.max(...counts.values()) / Math.min(...counts.values());

/** The most calls outstanding on one node when `calls` that never end are given out by `pick`. */
const busiest = (nodes: number, calls: number, pick: () => Route | undefined): number => {
  const counts = new Map<Route | undefined, number>();
  for (let i = 0; i < calls; i += 1) {
    const route = pick();
    counts.set(route, (counts.get(route) ?? 0) + 1);
  }
  assert.equal(counts.size, nodes);
  return Math.max(...counts.values());
};

const test = suite('router: balancer');

for (const nodes of [1, 2, 3, 10, 100])
  test(`picks each of ${nodes} idle nodes as often as the others`, () => {
    const { balancer } = open(nodes);
    const counts = addressesOf(balancer, routesOf(nodes), nodes * 1_000);
    assert.equal(counts.size, nodes);
    assert.ok(spread(counts) < 1.3, `spread ${spread(counts)}`);
  });

test('keeps the busiest node near the others where chance alone would not', () => {
  const nodes = 100;
  const calls = 10_000;
  const routes = routesOf(nodes);
  const { balancer } = open(7);
  const random = seededRandom(7);
  const balanced = busiest(nodes, calls, () => balancer.pick(routes)?.route);
  const byChance = busiest(nodes, calls, () => routes[Math.floor(random() * nodes)]);
  assert.ok(balanced <= 105, `${balanced} calls on one node, 100 on average`);
  assert.ok(byChance > 115, `${byChance} by chance`);
});

test('gives a slow node fewer calls', () => {
  const routes = routesOf(4);
  const { balancer } = open(8);
  const slow = routes[0]!.node.address;
  const counts = new Map<string, number>();
  const running: { readonly picked: Picked; readonly until: number }[] = [];
  // One call a tick; the slow node takes 40 ticks for what the others do in 2.
  for (let tick = 0; tick < 4_000; tick += 1) {
    for (let i = running.length - 1; i >= 0; i -= 1)
      if (running[i]!.until <= tick) running.splice(i, 1)[0]?.picked.done('answered');
    const picked = balancer.pick(routes)!;
    const { address } = picked.route.node;
    counts.set(address, (counts.get(address) ?? 0) + 1);
    running.push({ picked, until: tick + (address === slow ? 40 : 2) });
  }
  const others = routes.slice(1).map(({ node }) => counts.get(node.address) ?? 0);
  assert.ok((counts.get(slow) ?? 0) * 4 < Math.min(...others), JSON.stringify([...counts]));
});

for (const failed of [1, 5, 9])
  test(`spreads the calls of ${failed} failed nodes of 10 evenly over the others`, () => {
    const routes = routesOf(10);
    const { balancer } = open(failed);
    for (const { node } of routes.slice(0, failed)) balancer.report(node.address, 'failed');
    const counts = addressesOf(balancer, routes, 10_000);
    assert.deepEqual(
      [...counts.keys()].sort(),
      routes.slice(failed).map(({ node }) => node.address),
    );
    assert.ok(spread(counts) < 1.3, `spread ${spread(counts)}`);
  });

test('tries a failed node with one call at a time, and with another when nothing is heard of the first', () => {
  const routes = routesOf(1);
  const two = routesOf(2);
  const { balancer, advance } = open(9);
  balancer.report(routes[0]!.node.address, 'failed');
  advance(nodePenaltyMs);
  const trial = balancer.pick(routes);
  assert.equal(addressesOf(balancer, two, 100).size, 1);
  // As many calls on the other node: the load does not decide.
  balancer.pick(two);
  advance(nodePenaltyMs);
  assert.equal(addressesOf(balancer, two, 100).size, 2);
  trial?.done('answered');
  assert.equal(balancer.hasFailures(), false);
});

test('tries every node in turn when all have failed', () => {
  const routes = routesOf(3);
  const { balancer, advance } = open(10);
  const tried: string[] = [];
  for (let i = 0; i < 6; i += 1) {
    const picked = balancer.pick(routes)!;
    tried.push(picked.route.node.id);
    advance(1);
    picked.done('failed');
  }
  assert.deepEqual(tried.slice(0, 3), tried.slice(3));
  assert.equal(new Set(tried).size, 3);
});

test('counts calls by address, also for nodes of several services', () => {
  const routes = routesOf(2);
  const others = routes.map((route) => ({ ...route, service: 'b' }));
  const { balancer } = open(11);
  const first = balancer.pick(routes.slice(0, 1));
  for (let i = 0; i < 10; i += 1) assert.equal(addressesOf(balancer, others, 1).keys().next().value, '10.0.0.1:1');
  first?.done('answered');
  assert.equal(addressesOf(balancer, others, 50).size, 2);
});

test('remembers no more failed nodes than the bound, and none longer than a lease', () => {
  const { balancer, advance } = open(12);
  const routes = routesOf(failedNodesMax + 1);
  for (const { node } of routes) balancer.report(node.address, 'failed');
  assert.equal(balancer.pick(routes)?.route, routes[0]);
  advance(200_000);
  balancer.report('10.0.0.2:1', 'failed');
  balancer.report('10.0.0.2:1', 'answered');
  assert.equal(balancer.hasFailures(), false);
});

test.run();
