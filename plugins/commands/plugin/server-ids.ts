/** What `micro server` would start now: the services of the profile, and those that --with names. Looks at manifests and settings only. */

import type { Host } from '../../../internal/contract/host.ts';
import type { PluginId, ProfilePlugin } from '../../../internal/contract/plugin.ts';

export const serverIds = (host: Host): readonly PluginId[] => {
  const profile = host.manifests().find((p): p is ProfilePlugin => p.id === `profiles/${host.profile}`);
  const named = host.settings('commands/server').find(({ name }) => name === 'with')?.value ?? '';
  return [...new Set([...(profile?.start ?? []), ...(named.split(',').filter(Boolean) as PluginId[])])];
};
