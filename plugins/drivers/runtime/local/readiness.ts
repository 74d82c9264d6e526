/** Waits until a started process is what status calls running: registered, and answering a health call at its own address. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Client } from '../../../../internal/contract/client.ts';
import { isMicroError, timeout } from '../../../../internal/contract/error.ts';
import type { Node, Registry } from '../../../../internal/contract/registry.ts';

export interface ReadinessOptions {
  readonly registry: Registry;
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** Nodes that were there before the start: they belong to another process. */
  readonly others: ReadonlySet<string>;
  readonly timeoutMs: number;
  /** Aborts when the process has ended or is to be stopped. */
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks; the registry is in this process or one call away. */
const lookMs = 20;
const healthMs = 2_000;

/** The node of the process; throws timeout with what was missing. */
export const untilReady = async (o: ReadinessOptions): Promise<Node> => {
  const deadline = performance.now() + o.timeoutMs;
  let missing = 'did not register';
  while (performance.now() < deadline) {
    o.signal.throwIfAborted();
    const node = (await nodesOf(o)).find((n) => !o.others.has(n.id));
    if (node) {
      const fault = await health(o, node);
      if (fault === undefined) return node;
      missing = `registered, but does not answer: ${fault}`;
    }
    await sleep(lookMs, undefined, { signal: o.signal });
  }
  throw timeout('drivers/runtime/local', `${missing} within ${o.timeoutMs / 1_000} s`);
};

/** The service's nodes now, whosoever they are. */
export const nodesOf = async (
  o: Pick<ReadinessOptions, 'registry' | 'namespace' | 'name' | 'version'>,
): Promise<readonly Node[]> =>
  (await o.registry.get(o.name, { domain: o.namespace }))
    .filter((s) => s.version === o.version)
    .flatMap((s) => s.nodes);

const empty = new Uint8Array(0);

const health = async (o: ReadinessOptions, node: Node): Promise<string | undefined> => {
  try {
    const options = { address: node.address, namespace: o.namespace, timeoutMs: healthMs, signal: o.signal };
    await o.client.call(o.name, 'Debug.Health', empty, options);
    return undefined;
  } catch (e) {
    // A service that is no micro service has no Debug endpoints; that it says so is an answer.
    if (isMicroError(e) && e.code === 501) return undefined;
    return e instanceof Error ? e.message : String(e);
  }
};
