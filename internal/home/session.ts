/** Who we are towards one micro server: the token to send, renewed in time (cli.md 5.4). Makes calls only through the `refresh` it is given. */

import type { Token, TokenRequest } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import { isMicroError } from '../contract/error.ts';
import type { Home } from './home.ts';
import { readLocalAdmin } from './local-admin.ts';
import { isLoggedOut, type Login, lostLogin, readLogin, renewLogin } from './login.ts';
import { type Place, placeOf } from './place.ts';
import { parseAddress } from './target.ts';

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

export interface SessionOptions {
  readonly home: Home;
  /** `--env`, MICRO_ENV. */
  readonly env?: string;
  /** `--proxy_address`, MICRO_PROXY: instead of the environment's address. */
  readonly address?: string;
  readonly namespace?: string;
  /** The data folder of a server on this machine, whose local-admin credential may be used. */
  readonly dataRoot?: string;
  /** MICRO_AUTH_ID and MICRO_AUTH_SECRET: what a service has. They rule out the user's login. */
  readonly credentials?: Credentials;
  readonly now: () => number;
  /** Auth.Token at the session's address, sent without a token. */
  refresh(request: TokenRequest, namespace: string): Promise<Token>;
}

export interface Session extends Place {
  /** The token for the next call; undefined: call as nobody. Throws only when the server cannot be asked for a new one. */
  token(): Promise<string | undefined>;
  /** Why token() last gave nothing, and the way out; the second line of a refusal. */
  explain(): string | undefined;
  /** token() last gave the machine's own credential: nobody has logged in. */
  isMachine(): boolean;
}

/** Tokens are renewed when less than this is left. */
const renewBeforeMs = 60_000;
const renewedExpirySeconds = 600;

/** Reads the home at once for the place, later for each token. Throws ExitError as placeOf does. */
export const openSession = (o: SessionOptions): Session => {
  const place = o.credentials !== undefined && o.address ? servicePlace(o, o.address) : placeOf(o.home, o);
  const source = o.credentials === undefined ? loginSource(o, place) : credentialSource(o, o.credentials, place);
  let pending: Promise<string | undefined> | undefined;
  return {
    ...place,
    token: () => {
      // Calls that start together share one renewal.
      pending ??= source.token().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    explain: () => source.explain(),
    isMachine: () => source.isMachine(),
  };
};

/** A service is told everything by its environment; the home of whoever started it is none of its business. */
const servicePlace = (o: SessionOptions, address: string): Place => ({
  environment: o.env || 'local',
  namespace: o.namespace || defaultNamespace,
  stored: address,
  ...parseAddress(address),
});

type Source = Pick<Session, 'token' | 'explain' | 'isMachine'>;

const credentialSource = (o: SessionOptions, credentials: Credentials, place: Place): Source => {
  let held: Token | undefined;
  let problem: string | undefined;
  const ask = (request: TokenRequest): Promise<Token> =>
    o.refresh({ ...request, expirySeconds: renewedExpirySeconds }, place.namespace);
  return {
    async token() {
      if (held !== undefined && msLeft(held, o.now()) > renewBeforeMs) return held.accessToken;
      try {
        held = await renew(held, ask, credentials);
        problem = undefined;
      } catch (e) {
        if (held !== undefined && msLeft(held, o.now()) > 0) return held.accessToken;
        if (!isRefusal(e)) throw e;
        held = undefined;
        problem = `the account ${credentials.id} was refused in namespace ${place.namespace}: ${e.message}`;
      }
      return held?.accessToken;
    },
    explain: () => problem,
    isMachine: () => false,
  };
};

const renew = async (
  held: Token | undefined,
  ask: (request: TokenRequest) => Promise<Token>,
  credentials: Credentials,
): Promise<Token> => {
  if (held === undefined) return ask(credentials);
  try {
    return await ask({ refreshToken: held.refreshToken });
  } catch (e) {
    if (isRefusal(e)) return ask(credentials);
    throw e;
  }
};

const loginSource = (o: SessionOptions, place: Place): Source => {
  let problem: string | undefined;
  let machine = false;
  return {
    async token() {
      problem = undefined;
      machine = false;
      const login = readLogin(o.home, place);
      if (login !== undefined) {
        if (msLeft(login.token, o.now()) > renewBeforeMs) return login.token.accessToken;
        const renewed = await renewSaved(o, place, login);
        if (renewed === undefined) problem = `your login to ${place.environment} has ended: micro login`;
        return renewed;
      }
      problem = lostLogin(o.home, place);
      if (problem !== undefined) return undefined;
      const local = isLoggedOut(o.home, place) ? undefined : localAdmin(o, place);
      if (local === undefined) problem = `you are not logged in to ${place.environment}: micro login`;
      machine = local !== undefined;
      return local;
    },
    explain: () => problem,
    isMachine: () => machine,
  };
};

/** A login that the server no longer knows gives undefined; it never turns into another identity. */
const renewSaved = async (o: SessionOptions, place: Place, login: Login): Promise<string | undefined> => {
  const { id, token } = login;
  const unused = msLeft(token, o.now()) > 0 ? token.accessToken : undefined;
  if (token.refreshToken === '') return unused;
  try {
    const request = { refreshToken: token.refreshToken, expirySeconds: renewedExpirySeconds };
    const renewed = await o.refresh(request, place.namespace);
    await renewLogin(o.home, place, { id, token: renewed });
    return renewed.accessToken;
  } catch (e) {
    if (unused !== undefined) return unused;
    if (isRefusal(e)) return undefined;
    throw e;
  }
};

const localAdmin = (o: SessionOptions, place: Place): string | undefined =>
  o.dataRoot === undefined ? undefined : readLocalAdmin({ dataRoot: o.dataRoot, address: place.address, now: o.now() });

const msLeft = (token: Token, now: number): number => token.expiry * 1_000 - now;

/** The server answered and said no; anything else is a server that could not be asked. */
const isRefusal = (e: unknown): e is Error => isMicroError(e) && (e.code === 400 || e.code === 401 || e.code === 403);
