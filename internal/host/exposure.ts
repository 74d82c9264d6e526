/** Tells plugins that a listener of the same start is off loopback: those with a setting `exposed` get it. Pure. */

import type { PlanStep, StartOptions } from '../contract/host.ts';
import { isLoopbackAddress } from '../contract/loopback.ts';
import type { Plugin } from '../contract/plugin.ts';

type Given = NonNullable<StartOptions['settings']>;

/** What was given, and `exposed` where it belongs. `addressOf` is a service's setting `address`, `shared` the listener of services without one. */
export const withExposure = (
  o: {
    readonly steps: readonly PlanStep[];
    readonly plugins: readonly Plugin[];
    readonly addressOf: (plugin: Plugin) => string | undefined;
    readonly shared: string | undefined;
  },
  given: Given = {},
): Given => {
  const planned = o.plugins.filter((plugin) => o.steps.some((step) => step.id === plugin.id));
  const addresses = [o.shared, ...planned.map(o.addressOf)].filter((address) => address !== undefined);
  if (addresses.every(isLoopbackAddress)) return given;
  const told = planned.filter((plugin) => Object.hasOwn(plugin.config ?? {}, 'exposed'));
  return { ...given, ...Object.fromEntries(told.map(({ id }) => [id, { ...given[id], exposed: 'true' }])) };
};
