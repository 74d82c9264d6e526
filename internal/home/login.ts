/** The saved login of a place (cli.md 5.6): who is current, the token, and whether the user logged out. Owns those keys and lines; makes no calls. */

import type { Token } from '../contract/auth.ts';
import type { Home } from './home.ts';
import type { Place } from './place.ts';

const currentUserKey = (place: Place): string => `${place.environment}.current-user`;
const loggedOutKey = (place: Place): string => `${place.environment}.logged-out`;
/** Where older versions kept the token; blanked whenever a login ends. */
const oldKeys = (place: Place): Readonly<Record<string, string>> => {
  const at = `micro.auth.${place.environment}`;
  return { [`${at}.token`]: '', [`${at}.refresh-token`]: '', [`${at}.expiry`]: '' };
};

export interface Login {
  readonly id: string;
  readonly token: Token;
}

/** The login of the current user at this address and namespace; undefined when there is none or its line is damaged. */
export const readLogin = (home: Home, place: Place): Login | undefined => {
  const id = home.config.get(currentUserKey(place));
  if (id === '') return undefined;
  const token = home.tokens.get({ address: place.stored, namespace: place.namespace, id });
  return token === undefined ? undefined : { id, token };
};

/** Why a user who once logged in here has no login now; undefined for one who never did, or logged out. */
export const lostLogin = (home: Home, place: Place): string | undefined => {
  const id = home.config.get(currentUserKey(place));
  if (id === '' || isLoggedOut(home, place) || readLogin(home, place) !== undefined) return undefined;
  const damaged = home.tokens.damaged({ address: place.stored, namespace: place.namespace, id });
  if (damaged) return `the login of ${id} in ${home.tokens.file} is damaged: micro login`;
  return `you are not logged in to ${place.environment} in namespace ${place.namespace}: micro login`;
};

/** After `micro logout` the environment stays logged out until the next login: the machine's own credential is then not used. */
export const isLoggedOut = (home: Home, place: Place): boolean => home.config.get(loggedOutKey(place)) !== '';

/** Makes it the current login of the place. */
export const saveLogin = async (home: Home, place: Place, login: Login): Promise<void> => {
  await home.tokens.set({ address: place.stored, namespace: place.namespace, id: login.id }, login.token);
  await home.config.set({ ...oldKeys(place), [currentUserKey(place)]: login.id, [loggedOutKey(place)]: undefined });
};

/** Keeps the login, with a renewed token; not when it was ended meanwhile. */
export const renewLogin = async (home: Home, place: Place, login: Login): Promise<void> => {
  if (readLogin(home, place)?.id !== login.id) return;
  await home.tokens.set({ address: place.stored, namespace: place.namespace, id: login.id }, login.token);
};

/** Ends the login of the place; also when there is none. */
export const removeLogin = async (home: Home, place: Place): Promise<void> => {
  await home.config.set({ ...oldKeys(place), [loggedOutKey(place)]: 'true' });
  const id = home.config.get(currentUserKey(place));
  if (id !== '') await home.tokens.delete({ address: place.stored, namespace: place.namespace, id });
};
