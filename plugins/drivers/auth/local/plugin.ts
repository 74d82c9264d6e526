/** Manifest of the auth driver that holds the key: accounts, tokens and rules in the store of this machine. */

import { auth } from '../../../../internal/contract/auth.ts';
import { fields } from '../../../../internal/contract/field.ts';
import {
  addressFailureMs,
  addressFailuresMax,
  loginFailureMs,
  loginFailuresMax,
  passwordWork,
} from '../../../../internal/contract/limits.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { store } from '../../../../internal/contract/store.ts';

export const config = fields({
  private_key: {
    type: 'string',
    doc: 'Private key that signs tokens, a PEM or its base64; a key file in the data folder otherwise',
    env: 'MICRO_AUTH_PRIVATE_KEY',
    secret: true,
  },
  public_key: {
    type: 'string',
    doc: 'Public key of the private key that is given, a PEM or its base64; one that does not belong to it is refused',
    env: 'MICRO_AUTH_PUBLIC_KEY',
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
  login_failures: {
    type: 'int32',
    doc: 'Failed logins to one account at once before others have to wait; 0 for no limit',
    env: 'MICRO_AUTH_LOGIN_FAILURES',
    default: loginFailuresMax,
  },
  login_failure_pause: {
    type: 'duration',
    doc: 'How often one more may fail then',
    env: 'MICRO_AUTH_LOGIN_FAILURE_PAUSE',
    default: loginFailureMs,
  },
  address_failures: {
    type: 'int32',
    doc: 'Failed logins from one address, to all accounts together, before others have to wait; 0 for no limit',
    env: 'MICRO_AUTH_ADDRESS_FAILURES',
    default: addressFailuresMax,
  },
  address_failure_pause: {
    type: 'duration',
    doc: 'How often one more from that address may fail then',
    env: 'MICRO_AUTH_ADDRESS_FAILURE_PAUSE',
    default: addressFailureMs,
  },
  password_work: {
    type: 'int32',
    doc: 'Rounds of scrypt over 16 MiB that one password hash takes, 1 to 16',
    env: 'MICRO_AUTH_PASSWORD_WORK',
    default: passwordWork,
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
