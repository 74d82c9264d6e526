/** Manifest of commands/logout: `micro logout`. */

import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;

export const plugin = defineCommand({
  id: 'commands/logout',
  summary: 'Log out of an environment',
  config,
  verbs: [
    verb({
      words: 'logout',
      summary: 'Logout of the current environment',
      description: 'Forgets the login; the environment stays logged out until the next micro login.',
      examples: ['micro logout'],
      load: () => import('./logout.ts'),
    }),
  ],
});
