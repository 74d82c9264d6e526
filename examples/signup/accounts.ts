/** Accounts that this service made: creates them at the auth service, and remembers which address has which namespace. */

import { randomBytes } from 'node:crypto';

import { type Client, conflict, isMicroError, type Store } from 'micro';

export interface AuthToken {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly created: bigint;
  readonly expiry: bigint;
}

export interface NewAccount {
  readonly email: string;
  readonly secret: string;
  readonly namespace: string;
  readonly scopes: readonly string[];
}

interface Known {
  readonly namespace: string;
}

/** Life of the first token; the command line renews it. */
const tokenSeconds = 600;

/** The namespace of an address that has signed up here. */
export const namespaceOf = async (store: Store, email: string): Promise<string | undefined> =>
  (await store.get<Known>(keyOf(email)))?.namespace;

/** `client` must call as the service itself: making accounts takes an admin or a service of namespace micro. */
export const createAccount = async (
  { client, store }: { readonly client: Client; readonly store: Store },
  { email, secret, namespace, scopes }: NewAccount,
): Promise<AuthToken> => {
  const options = { namespace };
  try {
    await client.call('auth', 'Auth.Generate', { id: email, secret, scopes, type: 'user', options });
  } catch (e) {
    if (isMicroError(e) && e.detail.startsWith('Account with this')) throw alreadyThere(email);
    throw e;
  }
  await store.set(keyOf(email), { namespace } satisfies Known);
  const request = { id: email, secret, token_expiry: tokenSeconds, options };
  const { token } = await client.call<{ token: Record<keyof AuthToken, string> }>('auth', 'Auth.Token', request);
  return { ...token, created: BigInt(token.created), expiry: BigInt(token.expiry) };
};

export const alreadyThere = (email: string) =>
  conflict('signup', `there is an account for ${email} already`, {
    hint: `micro login --email ${email}, or micro signup --recover`,
  });

/** `jane@example.com` -> `jane-4c1f09ab`: readable, and nobody else's. */
export const newNamespace = (email: string): string => {
  const [name = ''] = email.split('@');
  const word = name.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return `${word.slice(0, 24) || 'user'}-${randomBytes(4).toString('hex')}`;
};

const keyOf = (email: string): string => `account/${email}`;
