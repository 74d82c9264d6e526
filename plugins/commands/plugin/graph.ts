/** `micro plugin graph`: the plan, in the order things would start, each with what it needs. Starts and loads nothing. */

import type { PlanStep } from '../../../internal/contract/host.ts';
import type { Call, PluginContext, PluginId } from '../../../internal/contract/plugin.ts';

import type { config, needs } from './plugin.ts';
import { serverIds } from './server-ids.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const ids = call.args.length === 0 ? serverIds(host) : (call.args as readonly PluginId[]);
  const steps = host.plan(ids);
  call.out.table(
    steps.map((step, at) => ({ ...step, place: at + 1 })),
    [
      { title: 'ORDER', value: ({ place }) => String(place) },
      { title: 'ID', value: ({ id }) => id },
      { title: 'NEEDS', value: (step) => needText(step) },
    ],
    ({ id, needs: filled }) => ({ id, needs: filled }),
  );
};

const needText = ({ needs: filled }: PlanStep): string =>
  Object.entries(filled)
    .map(
      ([name, ids]) =>
        `${name}=${ids.length === 0 ? '-' : ids.map((id) => id.replace(/^drivers\/[^/]+\//, '')).join('+')}`,
    )
    .join(' ') || '-';
