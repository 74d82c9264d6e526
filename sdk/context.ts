/** What a handler gets besides its request. Owns how it is made from the call; keeps nothing between calls. */

import type { Account } from '../internal/contract/auth.ts';
import type { Client as ByteClient } from '../internal/contract/client.ts';
import type { CallContext } from '../internal/contract/handler.ts';
import type { Logger } from '../internal/contract/logger.ts';

import { type Client, createJsonClient } from './json-client.ts';
import type { Store } from './json-store.ts';

export interface Context {
  /** Who calls; undefined for an anonymous caller. */
  readonly account: Account | undefined;
  readonly namespace: string;
  /** Request metadata, keys lower-case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Fires when the caller leaves, the deadline passes, or the service stops. */
  readonly signal: AbortSignal;
  /** `Type.Method` of this call. */
  readonly endpoint: string;
  /** Lines carry the endpoint. */
  readonly log: Logger;
  /** Calls made through it carry this call's namespace, metadata, account and deadline. */
  readonly client: Client;
  /** Records of the service's own table. */
  readonly store: Store;
}

/** What the service lends to each call. */
export interface Lent {
  readonly client: ByteClient;
  readonly store: Store;
  readonly log: Logger;
}

/** Cheap: client and logger are made at first use. */
export const createContext = (call: CallContext, lent: Lent): Context => {
  let log: Logger | undefined;
  let client: Client | undefined;
  return {
    account: call.account,
    namespace: call.namespace,
    metadata: call.metadata,
    signal: call.signal,
    endpoint: call.endpoint,
    store: lent.store,
    get log() {
      log ??= lent.log.child({ endpoint: call.endpoint });
      return log;
    },
    get client() {
      client ??= createJsonClient(lent.client, call);
      return client;
    },
  };
};
