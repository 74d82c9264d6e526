/** `micro env check [NAME]`: one call to the environment's server, to say whether it answers and how fast. Sends no token. */

import { performance } from 'node:perf_hooks';

import { defaultNamespace } from '../../../internal/contract/core.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import { envCheckTimeoutMs } from '../../../internal/contract/limits.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';
import { type Place, placeOf } from '../../../internal/home/place.ts';
import { createRpcClient } from '../../../internal/rpc/client.ts';

import type { config } from './plugin.ts';

interface Answer {
  readonly place: Place;
  readonly ok: boolean;
  readonly latencyMs: number;
  /** Empty when it answered. */
  readonly error: string;
}

/** Exit code 1 when it does not answer. */
export const run = async ({ args: [name], out }: Call, ctx: PluginContext<typeof config>): Promise<number> => {
  const home = openHome({ configFile: ctx.config.config_file });
  // Another address for this run stands in for the current environment's, by name too, never for another's.
  const another = name !== undefined && name !== selectedName(home.config, ctx.config.env);
  const place = placeOf(home, {
    env: name ?? ctx.config.env,
    address: another ? undefined : ctx.config.proxy_address,
  });
  const answer = await ask(place, ctx.signal);
  out.table([answer], columns, toJson);
  if (!answer.ok && out.format === 'text') out.note(answer.error);
  return answer.ok ? 0 : 1;
};

const columns = [
  { title: 'NAME', value: (a: Answer) => a.place.environment },
  { title: 'ADDRESS', value: (a: Answer) => a.place.address },
  { title: 'STATUS', value: (a: Answer) => (a.ok ? 'ok' : 'failed') },
  { title: 'LATENCY', value: (a: Answer) => `${a.latencyMs}ms` },
];

const toJson = ({ place, ok, latencyMs, error }: Answer): unknown => ({
  name: place.environment,
  address: place.address,
  tls: place.tls,
  ok,
  latency_ms: latencyMs,
  error,
});

/** Health of the auth service through the proxy: open to everyone, and there on every server, v3's too. */
const ask = async (place: Place, signal: AbortSignal): Promise<Answer> => {
  const client = createRpcClient();
  let begun = performance.now();
  const answer = (error: string): Answer => ({
    place,
    ok: error === '',
    latencyMs: Math.round(performance.now() - begun),
    error,
  });
  try {
    const address = place.tls ? `https://${place.address}` : place.address;
    const options = { namespace: defaultNamespace, timeoutMs: envCheckTimeoutMs, signal };
    await client.call(address, '/auth.Debug/Health', new Uint8Array(), options);
    // The first call pays for loading and connecting; what the environment takes for a call shows in the second.
    begun = performance.now();
    await client.call(address, '/auth.Debug/Health', new Uint8Array(), options);
    return answer('');
  } catch (e) {
    // Whoever refuses is there.
    if (isMicroError(e) && (e.code === 401 || e.code === 403)) return answer('');
    return answer(isMicroError(e) ? e.detail : String(e));
  } finally {
    await client.close();
  }
};
