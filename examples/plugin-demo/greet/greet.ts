/** What `micro greet` does; loaded when somebody runs it. */

import type { Call, PluginContext } from 'micro/plugin';

import type { config, flags } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config>): Promise<number> => {
  const [name = ''] = call.args;
  if (call.flags.times < 1) {
    call.out.note('nobody was greeted');
    return 1;
  }
  for (let i = 0; i < call.flags.times; i += 1) call.out.line(`${ctx.config.greeting}, ${name}!`);
  return 0;
};
