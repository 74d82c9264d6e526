/** Manifest of the auth driver that holds the key: accounts, tokens and rules in the store of this machine. */

import { auth } from '../../../../internal/contract/auth.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { store } from '../../../../internal/contract/store.ts';

export const config = fields({
  private_key: {
    type: 'string',
    doc: 'Private key that signs tokens, a PEM or its base64; a key file in the data folder otherwise',
    env: 'MICRO_AUTH_PRIVATE_KEY',
    secret: true,
  },
  disable_admin: {
    type: 'bool',
    doc: 'Do not create the account admin in namespace micro',
    env: 'MICRO_AUTH_DISABLE_ADMIN',
    default: false,
  },
  admin_secret: {
    type: 'string',
    doc: 'Secret of the account admin when it is created: defaults to micro on loopback, else to one that is shown once',
    env: 'MICRO_AUTH_ADMIN_SECRET',
    secret: true,
  },
  exposed: {
    type: 'bool',
    doc: 'A listener is off loopback: known of those of the same process, to be said of others',
    env: 'MICRO_AUTH_EXPOSED',
    default: false,
  },
  local_admin: {
    type: 'bool',
    doc: 'Keep a credential in the data folder that makes its owner an admin',
    env: 'MICRO_AUTH_LOCAL_ADMIN',
    default: true,
  },
});

export const needs = { store };

export const plugin = defineDriver({
  id: 'drivers/auth/local',
  summary: 'Accounts, tokens and rules in the store, signed with a key of this machine',
  provides: auth,
  config,
  needs,
  load: () => import('./local-auth.ts'),
});
