/** Manifest of commands/login: `micro login`. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;
export const needs = { auth, client };
export const flags = fields({
  username: { type: 'string', doc: 'Id or name of the account; asked for otherwise', alias: 'email' },
  password: { type: 'string', doc: 'Secret of the account; asked for otherwise', secret: true },
  otp: { type: 'bool', doc: 'Sign up with a code sent to your email address, as micro signup does' },
});

export const plugin = defineCommand({
  id: 'commands/login',
  summary: 'Log in to an environment',
  config,
  verbs: [
    verb({
      words: 'login',
      summary: 'Interactive login flow',
      description:
        'Logs in to the current environment, in its current namespace. Without flags it asks, also from a pipe.',
      flags,
      needs,
      examples: ['micro login --username admin --password micro'],
      load: () => import('./login.ts'),
    }),
  ],
});
