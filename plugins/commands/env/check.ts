/** `micro env check [NAME]`: asks the environment's server whether it answers, what it is and who we are to it. Exit codes are for scripts. */

import { join } from 'node:path';

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';
import { insecureWarning } from '../../../internal/home/insecure-warning.ts';
import { type Answer, askServer } from './ask-server.ts';
import { answerJson, answerLines, failureText } from './check-report.ts';
import type { config } from './plugin.ts';

/** 0: it answers. 1: nobody does. 2: somebody does, and TLS keeps us apart. */
export const run = async ({ args: [name], out }: Call, ctx: PluginContext<typeof config>): Promise<number> => {
  const { config_file, env, proxy_address, namespace, data_dir } = ctx.config;
  const home = openHome({ configFile: config_file });
  // Another address for this run stands in for the current environment's, by name too, never for another's.
  const another = name !== undefined && name !== selectedName(home.config, env);
  const answer = await askServer({
    home,
    env: name ?? env,
    address: another ? undefined : proxy_address,
    namespace,
    dataRoot: data_dir || join(home.dir, 'server'),
    now: ctx.now,
    signal: ctx.signal,
  });
  const warning = insecureWarning(answer.place);
  if (warning !== undefined) out.note(warning);
  out.table([answer], columns, answerJson);
  if (out.format === 'text') for (const line of answerLines(answer, ctx.now())) out.line(line);
  if (answer.failure === undefined) return 0;
  if (out.format === 'text') for (const line of failureText(answer.failure)) out.note(line);
  return answer.failure.fault === undefined ? 1 : 2;
};

const columns = [
  { title: 'NAME', value: ({ place }: Answer) => place.environment },
  { title: 'ADDRESS', value: ({ place }: Answer) => place.address },
  { title: 'STATUS', value: ({ failure }: Answer) => (failure === undefined ? 'ok' : 'failed') },
  { title: 'LATENCY', value: ({ latencyMs }: Answer) => `${latencyMs}ms` },
];
