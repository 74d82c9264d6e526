/** The auth package's wire messages as the records of the auth slot, and back. Checks nothing. */

import type * as authProto from '../../../proto/gen/auth.gen.ts';
import type { AuthChange } from '../../contract/auth-change.ts';
import type { Account, Rule, SigningKey, Token } from '../../contract/auth.ts';
import type { Input } from '../api.ts';

/** Wire -> record; the secret is left out. */
export const accountOf = (message: authProto.Account): Account => ({
  id: message.id,
  type: message.type,
  issuer: message.issuer,
  metadata: message.metadata,
  scopes: message.scopes,
  name: message.name,
});

export const tokenOf = (message: authProto.Token): Token => ({
  accessToken: message.access_token,
  refreshToken: message.refresh_token,
  created: Number(message.created),
  expiry: Number(message.expiry),
});

export const tokenMessage = (token: Token): Input<authProto.Token> => ({
  access_token: token.accessToken,
  refresh_token: token.refreshToken,
  created: BigInt(token.created),
  expiry: BigInt(token.expiry),
});

/** Only GRANTED grants, as Go clients read it. */
export const ruleOf = (message: authProto.Rule): Rule => ({
  id: message.id,
  scope: message.scope,
  resource: {
    type: message.resource?.type ?? '',
    name: message.resource?.name ?? '',
    endpoint: message.resource?.endpoint ?? '',
  },
  access: message.access === 'GRANTED' ? 'granted' : 'denied',
  priority: message.priority,
});

export const ruleMessage = (rule: Rule): Input<authProto.Rule> => ({
  ...rule,
  access: rule.access === 'granted' ? 'GRANTED' : 'DENIED',
});

export const keyOf = (message: authProto.SigningKey): SigningKey => ({
  id: message.id,
  publicKey: message.public_key,
  present: message.present,
  ends: Number(message.ends),
});

export const keyMessage = ({ id, publicKey, present, ends }: SigningKey): Input<authProto.SigningKey> => ({
  id,
  public_key: publicKey,
  present,
  ends: BigInt(ends),
});

/** Undefined for a word without a change. A kind this version does not know may be anything. */
export const changeOf = ({ kind, namespace, id, generation }: authProto.Change): AuthChange | undefined => {
  const account = id === '' ? {} : { account: { namespace, id } };
  switch (kind) {
    case 'ALIVE':
      return undefined;
    case 'CHANGED_RULES':
      return { kind: 'rules', namespace };
    case 'ENDED_ACCOUNT':
      return { kind: 'tokens', generation, reason: 'ended_account', ...account };
    case 'CHANGED_SECRET':
      return { kind: 'tokens', generation, reason: 'changed_secret', ...account };
    default:
      return { kind: 'missed' };
  }
};
