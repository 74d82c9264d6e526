/** `micro auth rotate keys`: a new key signs tokens from now on. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { keyJson, keysOf } from './keys-of.ts';
import type { config, needs, rotateFlags } from './plugin.ts';
import { refusalAsDetail } from './refusal.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call<typeof rotateFlags>, ctx: Context): Promise<void> => {
  const { end_old_tokens: endOldTokens = false } = call.flags;
  const keys = await keysOf(ctx.needs.auth)
    .rotate({ endOldTokens, signal: ctx.signal })
    .catch((e: unknown) => {
      throw refusalAsDetail(e);
    });
  if (endOldTokens) await renewLogin(ctx);
  if (call.out.format === 'json') {
    call.out.json(keys.map(keyJson));
    return;
  }
  call.out.line(`Keys rotated: ${keys.find(({ present }) => present)?.id ?? 'a new key'} signs tokens from now on`);
  call.out.line(
    endOldTokens
      ? 'All tokens from before have ended; logins and services come by new ones themselves'
      : 'Tokens from before stay valid until they end; micro auth list keys shows their keys',
  );
};

/** The token of this run has ended as well. A call that is refused for it makes the client come by another one, for the next command. */
const renewLogin = async ({ needs, signal }: Context): Promise<void> => {
  await keysOf(needs.auth)
    .list({ signal })
    .catch(() => undefined);
};
