/**
 * Nodes that were restored and have not been heard of since: tried every now and then until they register anew, refuse a connection or
 * reach the end of their lease. A child that was still going down at the restart is found out so. Owns its loop; removes nothing itself.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { registryProbationMs } from '../../../../internal/contract/limits.ts';
import type { Service } from '../../../../internal/contract/registry.ts';
import { probeNodes } from './probe-node.ts';

/** One node of one version. */
export interface OnProbation {
  readonly domain: string;
  readonly service: Pick<Service, 'name' | 'version'>;
  readonly node: Service['nodes'][number];
}

export interface Probation {
  add(one: OnProbation): void;
  /** The node has registered anew, or is gone. */
  release(one: OnProbation): void;
  /** Runs until nobody is left, or the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** `refused` is told of each node where nobody listens any more. */
export const createProbation = (refused: (one: OnProbation) => Promise<void>): Probation => {
  const waiting = new Map<string, OnProbation>();
  return {
    add: (one) => void waiting.set(keyOf(one), one),
    release: (one) => {
      if (waiting.size > 0) waiting.delete(keyOf(one));
    },
    run: async (signal) => {
      while (waiting.size > 0) {
        await sleep(registryProbationMs, undefined, { signal, ref: false }).catch(() => undefined);
        if (signal.aborted) return;
        const probes = await probeNodes([...waiting.values()].map(({ node }) => node.address));
        for (const one of [...waiting.values()]) if (probes.get(one.node.address) === 'refused') await refused(one);
      }
    },
  };
};

const keyOf = ({ domain, service, node }: OnProbation): string =>
  JSON.stringify([domain, service.name, service.version, node.id]);
