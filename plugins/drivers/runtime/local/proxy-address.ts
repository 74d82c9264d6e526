/** Where services find the platform: the proxy's public listener as it is registered, so that a free port works as well as the usual one. */

import { setTimeout as sleep } from 'node:timers/promises';

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { Registry } from '../../../../internal/contract/registry.ts';

/** The proxy comes up after the runtime; services that are brought back wait this long for it, milliseconds. */
const waitMs = 10_000;
const lookMs = 20;

/** The proxy node's `listener` metadata; `fallback` when none registers in time. */
export const proxyAddressOf = async (
  registry: Registry,
  o: { readonly fallback: string; readonly signal: AbortSignal },
): Promise<string> => {
  for (const deadline = performance.now() + waitMs; performance.now() < deadline; ) {
    const found = await registry.get('proxy', { domain: defaultNamespace });
    const address = found.flatMap((s) => s.nodes).find((n) => n.metadata.listener)?.metadata.listener;
    if (address) return address;
    await sleep(lookMs, undefined, { signal: o.signal });
  }
  return o.fallback;
};
