/** The router slot: picks the nodes a call may go to. What every driver must do: test/conformance/router.ts. */

import { capability } from './capability.ts';
import type { Node } from './registry.ts';

export interface Route {
  readonly service: string;
  readonly version: string;
  readonly node: Node;
}

export interface Router {
  /** Routes of a service in a namespace, best first; from memory once warm. Throws internal `service NAME: route not found` (id go.micro.client) for none. */
  lookup(service: string, o: { readonly namespace: string; readonly signal?: AbortSignal }): Promise<readonly Route[]>;
  /** Routes of the service that registers this proto full name (node metadata `grpc`), for plain gRPC clients; empty for none. Throws conflict naming both when two services do. */
  lookupFullName(
    fullName: string,
    o: { readonly namespace: string; readonly signal?: AbortSignal },
  ): Promise<readonly Route[]>;
  /** Takes a node that refused a connection out of the answer for a short time. */
  reportFailure(route: Route): void;
}

export const router = capability<Router>('router');
