/** The router slot: picks the node a call goes to, out of memory. What every driver must do: test/conformance/router.ts. */

import { capability } from './capability.ts';
import { internal, type MicroError, type MicroErrorJson } from './error.ts';
import type { Node } from './registry.ts';

export interface Route {
  readonly service: string;
  readonly version: string;
  readonly node: Node;
}

/**
 * What the end of a call says about its node: it answered (be it with an error), it failed (refused, broke off or stayed
 * silent), or nothing is known, as when the caller left first.
 */
export type Outcome = 'answered' | 'failed' | 'unknown';

/** A node that was chosen for one call, which counts as outstanding on it until done. */
export interface Picked {
  readonly route: Route;
  /** To be called when the call is over, however it ended. A failed node leaves routing at once. Later calls are ignored. */
  done(outcome: Outcome): void;
}

export interface RouteOptions {
  readonly namespace: string;
  /** Only nodes that register this proto full name (node metadata `grpc`). */
  readonly fullName?: string;
}

export interface PickOptions extends RouteOptions {
  /** Addresses that were tried already. */
  readonly exclude?: ReadonlySet<string>;
}

export interface Router {
  /**
   * The name of the service a call means: `service` if it has nodes, else the one service that registers `fullName`, for
   * plain gRPC clients. From memory; undefined when memory knows neither (`load` may help). Throws conflict naming both
   * when two services register the full name.
   */
  resolve(service: string, fullName: string, o: { readonly namespace: string }): string | undefined;
  /**
   * Chooses between two random nodes the one with fewer outstanding calls. Failed nodes are left out until their penalty
   * is over, and then tried by one call first; when all have failed, the one that failed longest ago is chosen. From
   * memory; undefined when it knows no node to choose.
   */
  pick(service: string, o: PickOptions): Picked | undefined;
  /** As pick, after `load` where memory has no answer. Throws routeNotFound. */
  find(service: string, o: PickOptions & { readonly signal?: AbortSignal }): Promise<Picked>;
  /** Brings the namespace into memory, and the service from the registry itself if it is still unknown then. */
  load(service: string, o: { readonly namespace: string; readonly signal?: AbortSignal }): Promise<void>;
  /** Every node that is not left out, in changing order; when all have failed, all, the one that failed longest ago first. Throws routeNotFound. */
  lookup(service: string, o: RouteOptions & { readonly signal?: AbortSignal }): Promise<readonly Route[]>;
  /** Says what was seen of a node between the beginning and the end of a call: that it took a connection or began to answer, or that it did not. */
  report(address: string, outcome: Outcome): void;
}

export const router = capability<Router>('router');

/** The error for a service without nodes, in v3's words. */
export const routeNotFound = (service: string): MicroError =>
  internal('go.micro.client', `service ${service}: route not found`);

export const isRouteNotFound = (error: MicroErrorJson): boolean =>
  error.id === 'go.micro.client' && error.code === 500 && /^service \S*: route not found$/.test(error.detail);
