/** `micro auth list keys`: the key that signs tokens, and those before it whose tokens still count. */

import type { SigningKey } from '../../../internal/contract/auth.ts';
import type { Column } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { timeText } from './go-json.ts';
import { keyJson, keysOf } from './keys-of.ts';
import type { config, needs } from './plugin.ts';
import { refusalAsDetail } from './refusal.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const keys = await keysOf(ctx.needs.auth)
    .list({ signal: ctx.signal })
    .catch((e: unknown) => {
      throw refusalAsDetail(e);
    });
  call.out.table(keys, columns, keyJson);
};

const columns: readonly Column<SigningKey>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'STATE', value: ({ present }) => (present ? 'signs' : 'former') },
  { title: 'TOKENS END BY', value: ({ present, ends }) => (present ? 'n/a' : timeText(ends)) },
];
