/** Chooses one of several nodes: the less busy of two random ones, failed ones last. Owns the counts of outstanding calls and the failed nodes, by address; knows no services. */

import { failedNodesMax, nodePenaltyMs, registerTtlMs } from '../../../../internal/contract/limits.ts';
import type { Outcome, Picked, Route } from '../../../../internal/contract/router.ts';

export interface Balancer {
  /** One of the routes, as Router.pick says; undefined when there is none or all are excluded. */
  pick(routes: readonly Route[], exclude?: ReadonlySet<string>): Picked | undefined;
  /** The routes that are not left out, in changing order; when all are, all, the one that failed longest ago first. */
  order(routes: readonly Route[]): readonly Route[];
  report(address: string, outcome: Outcome): void;
  /** Gives a node that has only just registered its first chance, whatever was at its address before. */
  forgive(address: string): void;
  /** Whether any node is taken as failed: what is done for their sake alone can be left out otherwise. */
  hasFailures(): boolean;
}

export interface BalancerOptions {
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

interface Failure {
  readonly at: number;
  /** When a call was last let through to see whether the node is back. */
  triedAt: number;
}

interface State extends BalancerOptions {
  /** Address -> calls; an address without calls has no entry. */
  readonly outstanding: Map<string, number>;
  /** By address, the one that failed longest ago first. */
  readonly failures: Map<string, Failure>;
}

export const createBalancer = (o: BalancerOptions): Balancer => {
  const state: State = { ...o, outstanding: new Map(), failures: new Map() };
  return {
    pick: (routes, exclude) => {
      const route = choose(state, routes, exclude);
      return route === undefined ? undefined : lease(state, route);
    },
    order: (routes) => order(state, routes),
    report: (address, outcome) => report(state, address, outcome),
    forgive: (address) => void state.failures.delete(address),
    hasFailures: () => state.failures.size > 0,
  };
};

const choose = (
  state: State,
  routes: readonly Route[],
  exclude: ReadonlySet<string> | undefined,
): Route | undefined => {
  const { length } = routes;
  if (state.failures.size > 0 || exclude !== undefined) return chooseUsable(state, routes, exclude);
  if (length < 2) return routes[0];
  const first = below(state, length);
  const other = below(state, length - 1);
  return lessBusy(state, routes[first]!, routes[other < first ? other : other + 1]!);
};

const chooseUsable = (
  state: State,
  routes: readonly Route[],
  exclude: ReadonlySet<string> | undefined,
): Route | undefined => {
  const now = state.now();
  const isUsable = ({ node }: Route): boolean =>
    exclude?.has(node.address) !== true && !isOut(state.failures.get(node.address), now);
  const first = draw(state, routes, isUsable);
  if (first === undefined) return failedLongestAgo(state, routes, exclude);
  const second = draw(state, routes, (route) => route !== first && isUsable(route));
  return second === undefined ? first : lessBusy(state, first, second);
};

/** Tries before every route is looked at: with half of the nodes gone, one draw in 256 comes to that. */
const draws = 8;

/** A random one of the routes that pass, each as likely as the others. */
const draw = (state: State, routes: readonly Route[], passes: (route: Route) => boolean): Route | undefined => {
  for (let i = 0; i < draws; i += 1) {
    const route = routes[below(state, routes.length)];
    if (route !== undefined && passes(route)) return route;
  }
  let chosen: Route | undefined;
  let seen = 0;
  for (const route of routes)
    if (passes(route)) {
      seen += 1;
      if (below(state, seen) === 0) chosen = route;
    }
  return chosen;
};

const failedLongestAgo = (
  { failures }: State,
  routes: readonly Route[],
  exclude: ReadonlySet<string> | undefined,
): Route | undefined => {
  let chosen: Route | undefined;
  let at = Infinity;
  for (const route of routes) {
    const { address } = route.node;
    const failedAt = failures.get(address)?.at ?? 0;
    if (failedAt < at && exclude?.has(address) !== true) {
      chosen = route;
      at = failedAt;
    }
  }
  return chosen;
};

const below = ({ random }: State, n: number): number => Math.floor(random() * n);

const lessBusy = ({ outstanding }: State, a: Route, b: Route): Route =>
  (outstanding.get(b.node.address) ?? 0) < (outstanding.get(a.node.address) ?? 0) ? b : a;

/** Out for the penalty; afterwards while a call that was let through may still tell how it went. */
const isOut = (failure: Failure | undefined, now: number): boolean =>
  failure !== undefined && (now - failure.at < nodePenaltyMs || now - failure.triedAt < nodePenaltyMs);

const lease = (state: State, route: Route): Picked => {
  const { outstanding, failures } = state;
  const { address } = route.node;
  outstanding.set(address, (outstanding.get(address) ?? 0) + 1);
  const failure = failures.size === 0 ? undefined : failures.get(address);
  if (failure !== undefined) failure.triedAt = state.now();
  let isDone = false;
  return {
    route,
    done: (outcome) => {
      if (isDone) return;
      isDone = true;
      const left = (outstanding.get(address) ?? 1) - 1;
      if (left === 0) outstanding.delete(address);
      else outstanding.set(address, left);
      report(state, address, outcome);
    },
  };
};

const report = (state: State, address: string, outcome: Outcome): void => {
  const { failures } = state;
  switch (outcome) {
    case 'answered':
      if (failures.size > 0) failures.delete(address);
      return;
    case 'failed':
      fail(state, address);
      return;
    case 'unknown': {
      const failure = failures.size === 0 ? undefined : failures.get(address);
      if (failure !== undefined) failure.triedAt = -Infinity;
    }
  }
};

const fail = ({ failures, now }: State, address: string): void => {
  const at = now();
  // Put in anew: the map's order is the order of failing.
  failures.delete(address);
  failures.set(address, { at, triedAt: -Infinity });
  // A node that nobody has tried for as long as a lease lasts is no longer registered.
  for (const [oldest, failure] of failures) {
    if (failures.size <= failedNodesMax && at - failure.at < registerTtlMs) return;
    failures.delete(oldest);
  }
};

const order = (state: State, routes: readonly Route[]): readonly Route[] => {
  const start = below(state, routes.length);
  const rotated = start === 0 ? routes : [...routes.slice(start), ...routes.slice(0, start)];
  const { failures } = state;
  if (failures.size === 0) return rotated;
  const now = state.now();
  const good = rotated.filter(({ node }) => !isOut(failures.get(node.address), now));
  if (good.length > 0) return good;
  const failedAt = ({ node }: Route): number => failures.get(node.address)?.at ?? 0;
  return rotated.toSorted((a, b) => failedAt(a) - failedAt(b));
};
