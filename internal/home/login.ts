/** The saved login of a place (cli.md 5.4, 5.6): who is current, the token, and whether the user logged out. Owns those keys and lines; makes no calls. */

import type { Token } from '../contract/auth.ts';
import { listEnvironments } from './environments.ts';
import type { Home } from './home.ts';
import { loginCommand, type Place } from './place.ts';
import type { LoginKey } from './tokens-file.ts';

const currentUserKey = (place: Place): string => `${place.environment}.current-user`;
const loggedOutKey = (place: Place): string => `${place.environment}.logged-out`;
/** Where older versions kept the token; blanked whenever a login begins or ends. */
const oldKey = (place: Place, name: 'token' | 'refresh-token' | 'expiry'): string =>
  `micro.auth.${place.environment}.${name}`;
const blankOldKeys = (place: Place): Readonly<Record<string, string>> => ({
  [oldKey(place, 'token')]: '',
  [oldKey(place, 'refresh-token')]: '',
  [oldKey(place, 'expiry')]: '',
});

export interface Login {
  /** Empty for a token of an older version that does not say whose it is. */
  readonly id: string;
  readonly token: Token;
  /** Still kept where older versions keep it. */
  readonly old?: boolean;
}

/** The login at this address and namespace; undefined when there is none or its line is damaged. */
export const readLogin = (home: Home, place: Place): Login | undefined => {
  const id = userOf(home, place);
  const token = id === undefined ? undefined : home.tokens.get(keyOf(place, id));
  return id === undefined || token === undefined ? readOldLogin(home, place) : { id, token };
};

/**
 * v3 keeps one current user per environment. Where that one has no line in this namespace, the only one who has is who logged in
 * here; so each namespace keeps its login. A damaged line stands in for its owner: it must not turn into somebody else.
 */
const userOf = (home: Home, place: Place): string | undefined => {
  const current = home.config.get(currentUserKey(place));
  if (current === '' || home.tokens.get(keyOf(place, current)) !== undefined) return current || undefined;
  if (home.tokens.damaged(keyOf(place, current))) return undefined;
  const [only, ...more] = home.tokens.ids({ address: place.stored, namespace: place.namespace });
  return more.length === 0 ? only : undefined;
};

/** Why a user who once logged in here has no login now; undefined for one who never did, or logged out. */
export const lostLogin = (home: Home, place: Place): string | undefined => {
  const id = home.config.get(currentUserKey(place));
  if (id === '' || isLoggedOut(home, place) || readLogin(home, place) !== undefined) return undefined;
  if (home.tokens.damaged(keyOf(place, id)))
    return `the login of ${id} in ${home.tokens.file} is damaged: ${loginCommand(home, place)}`;
  return `you are not logged in to ${place.environment} in namespace ${place.namespace}: ${loginCommand(home, place)}`;
};

/** After `micro logout` the environment stays logged out until the next login: the machine's own credential is then not used. */
export const isLoggedOut = (home: Home, place: Place): boolean => home.config.get(loggedOutKey(place)) !== '';

/** Makes it the current login of the place, instead of the one before. */
export const saveLogin = async (home: Home, place: Place, { id, token }: Login): Promise<void> => {
  const before = readLogin(home, place);
  const instead = before === undefined || before.old ? undefined : keyOf(place, before.id);
  await home.tokens.set(keyOf(place, id), token, { instead });
  await home.config.set({ ...blankOldKeys(place), [currentUserKey(place)]: id, [loggedOutKey(place)]: undefined });
};

/** Keeps the renewed token unless another process renewed or ended the login meanwhile; gives the token that holds now. */
export const renewLogin = async (home: Home, place: Place, login: Login, next: Token): Promise<Token> => {
  if (login.old) {
    // Moved to where logins are kept now, unless it was ended meanwhile or nobody knows whose it is.
    if (readOldLogin(home, place) === undefined) return next;
    if (login.id !== '') await saveLogin(home, place, { id: login.id, token: next });
    else await home.config.set(oldValues(place, next));
    return next;
  }
  return (await home.tokens.renew(keyOf(place, login.id), { used: login.token, next })) ?? next;
};

/** Ends the login of the place; also when there is none. */
export const removeLogin = async (home: Home, place: Place): Promise<void> => {
  const id = userOf(home, place) ?? home.config.get(currentUserKey(place));
  await home.config.set({ ...blankOldKeys(place), [loggedOutKey(place)]: 'true' });
  if (id !== '') await home.tokens.delete(keyOf(place, id));
};

const keyOf = (place: Place, id: string): LoginKey => ({ address: place.stored, namespace: place.namespace, id });

const oldValues = (place: Place, token: Token): Readonly<Record<string, string>> => ({
  [oldKey(place, 'token')]: token.accessToken,
  [oldKey(place, 'refresh-token')]: token.refreshToken,
  [oldKey(place, 'expiry')]: String(token.expiry),
});

/** Those keys name no address, so their token goes only to where the environment itself points. */
const readOldLogin = (home: Home, place: Place): Login | undefined => {
  const { get } = home.config;
  const refreshToken = get(oldKey(place, 'refresh-token'));
  if (refreshToken === '') return undefined;
  const own = listEnvironments(home.config).find(({ name }) => name === place.environment);
  if (own?.address !== place.stored) return undefined;
  const expiry = Number(get(oldKey(place, 'expiry')));
  const token = {
    accessToken: get(oldKey(place, 'token')),
    refreshToken,
    created: 0,
    expiry: Number.isFinite(expiry) ? expiry : 0,
  };
  return { id: get(currentUserKey(place)), token, old: true };
};
