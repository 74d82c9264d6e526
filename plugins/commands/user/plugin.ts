/** Manifest of commands/user: the account behind the current login, and the user's own settings. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { type ArgSpec, defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const config = placeSettings;
export const needs = { auth, client };
export const tokenNeeds = { client };
export const passwordFlags = fields({
  email: { type: 'string', doc: 'Id or name of the account; your own otherwise' },
  old_password: {
    type: 'string',
    doc: 'The password that holds now; asked for otherwise',
    alias: 'old-password',
    secret: true,
  },
  new_password: {
    type: 'string',
    doc: 'The password to set; asked for otherwise',
    alias: 'new-password',
    secret: true,
  },
});

const key: ArgSpec = { name: 'key', doc: 'Dot path in ~/.micro/config.json, as git.baseurl', required: true };

export const plugin = defineCommand({
  id: 'commands/user',
  summary: 'Print the current logged in user',
  config,
  verbs: [
    verb({
      words: 'user',
      summary: 'Print the current logged in user',
      description: 'With --output json also its namespace, scopes, and where the login comes from.',
      needs,
      examples: ['micro user', 'micro --output json user'],
      load: () => import('./show.ts'),
    }),
    verb({
      words: 'user token',
      summary: 'Print the token that commands send',
      description: 'An empty line when there is none. It is renewed first when its time is near.',
      needs: tokenNeeds,
      examples: ['micro user token'],
      load: () => import('./token.ts'),
    }),
    verb({
      words: 'user set password',
      summary: 'Change your password',
      description: 'Asks for what no flag gave, hidden; from a pipe one line each.',
      flags: passwordFlags,
      needs,
      examples: ['micro user set password --old-password micro --new-password micro'],
      load: () => import('./set-password.ts'),
    }),
    verb({
      words: 'user config',
      summary: 'Show your settings, credentials hidden',
      needs,
      examples: ['micro user config'],
      load: () => import('./config.ts'),
    }),
    verb({
      words: 'user config get',
      summary: 'Print the value of one setting',
      args: [key],
      examples: ['micro user config get env'],
      load: () => import('./config-get.ts'),
    }),
    verb({
      words: 'user config set',
      summary: 'Store the value of one setting',
      args: [key, { name: 'value', doc: 'The text to store', required: true }],
      examples: ['micro user config set git.baseurl github.com/micro/services'],
      load: () => import('./config-set.ts'),
    }),
    verb({
      words: 'user config delete',
      summary: 'Blank the value of one setting',
      args: [{ ...key, required: false }],
      examples: ['micro user config delete git.baseurl'],
      load: () => import('./config-delete.ts'),
    }),
    verb({
      words: 'user namespace',
      summary: 'Print the namespace that was chosen for the current environment',
      description: 'An empty line when none was. `micro namespace` keeps a list of them.',
      examples: ['micro user namespace'],
      load: () => import('./namespace.ts'),
    }),
    verb({
      words: 'user namespace set',
      summary: 'Choose a namespace, whether or not it is on the list',
      args: [{ name: 'namespace', doc: 'Name of the namespace' }],
      examples: ['micro user namespace set micro'],
      load: () => import('./namespace-set.ts'),
    }),
  ],
});
