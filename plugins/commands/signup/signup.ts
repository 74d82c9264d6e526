/** `micro signup`: the conversation of internal/signup (cli.md 5.3). */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { signUp } from '../../../internal/signup/sign-up.ts';

import type { config, flags, needs } from './plugin.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async ({ args, flags: given, out }: Call<typeof flags>, ctx: Context): Promise<void> => {
  if (args.length > 0)
    throw new ExitError(`micro signup takes no words: ${args.join(' ')}`, 1, {
      hint: "the service itself is called with: micro call signup Signup.METHOD '{}'",
    });
  const { email, password, recover = false } = given;
  const { config, needs, signal } = ctx;
  await signUp({ email, password, recover }, { config, needs, signal, out });
};
