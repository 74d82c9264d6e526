/** Manifest of commands/signup: `micro signup`. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;
export const needs = { auth, client };
export const flags = fields({
  email: { type: 'string', doc: 'Your email address; asked for otherwise' },
  password: { type: 'string', doc: 'The password of the new account; asked for otherwise', secret: true },
  recover: { type: 'bool', doc: 'Send a reminder of the namespaces of this address instead' },
});

export const plugin = defineCommand({
  id: 'commands/signup',
  summary: 'Sign up to an environment',
  config,
  verbs: [
    verb({
      words: 'signup',
      summary: 'Sign up to an environment',
      description:
        'Talks to the service `signup` of the environment: it sends a code to your address and makes an account; then you are logged in.',
      flags,
      needs,
      examples: ['micro signup --email me@example.com'],
      load: () => import('./signup.ts'),
    }),
  ],
});
