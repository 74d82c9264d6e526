/** Who we are towards one micro server: the token to send, renewed in time (cli.md 5.4). Makes calls only through the `refresh` it is given. */

import { Buffer } from 'node:buffer';

import type { Token, TokenRequest } from '../contract/auth.ts';
import type { TokenOrigin } from '../contract/client.ts';
import { defaultNamespace } from '../contract/core.ts';
import { isMicroError } from '../contract/error.ts';
import { renewSettleMs } from '../contract/limits.ts';
import type { Home } from './home.ts';
import { readLocalAdmin } from './local-admin.ts';
import { isLoggedOut, type Login, lostLogin, readLogin, renewLogin } from './login.ts';
import { loginCommand, type Place, placeOf } from './place.ts';
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
  /** Told when a renewed token could not be written down. */
  notKept?(error: unknown): void;
}

export interface Session extends Place {
  /** The token for the next call; undefined: call as nobody. Throws only when the server cannot be asked for a new one. */
  token(): Promise<string | undefined>;
  /** Another token in place of one that the server refused before its time, as after its keys were replaced; undefined: there is none. */
  renew(refused: string): Promise<string | undefined>;
  /** Why token() last gave nothing, and the way out; the second line of a refusal. */
  explain(): string | undefined;
  /** Where token() last got its answer; undefined: it had none. */
  origin(): TokenOrigin | undefined;
  /** Resolves when no renewal is under way, or after renewSettleMs: ending in between would lose the login. */
  settle(): Promise<void>;
}

/** Tokens are renewed when less than this is left. */
const renewBeforeMs = 60_000;
const renewedExpirySeconds = 600;

/** Reads the home at once for the place, later for each token. Throws ExitError as placeOf does. */
export const openSession = (o: SessionOptions): Session => {
  const place = o.credentials !== undefined && o.address ? servicePlace(o, o.address) : placeOf(o.home, o);
  const source = o.credentials === undefined ? loginSource(o, place) : credentialSource(o, o.credentials, place);
  let pending: Promise<string | undefined> | undefined;
  // Calls that start together, or are refused together, share one renewal.
  const shared = (ask: () => Promise<string | undefined>): Promise<string | undefined> => {
    pending ??= ask().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    ...place,
    token: () => shared(() => source.token()),
    renew: async (refused) => {
      const other = await shared(() => source.renew(refused));
      return other === refused ? undefined : other;
    },
    explain: () => source.explain(),
    origin: () => source.origin(),
    settle: () => settled(pending),
  };
};

const settled = async (pending: Promise<unknown> | undefined): Promise<void> => {
  if (pending === undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, renewSettleMs);
  // How it ends concerns those who asked for the token.
  pending.then(
    () => resolve(),
    () => resolve(),
  );
  await promise;
  clearTimeout(timer);
};

/** A service is told everything by its environment; the home of whoever started it is none of its business. */
const servicePlace = (o: SessionOptions, address: string): Place => ({
  environment: o.env || 'local',
  namespace: o.namespace || defaultNamespace,
  stored: address,
  ...parseAddress(address),
});

type Source = Pick<Session, 'token' | 'renew' | 'explain' | 'origin'>;

const credentialSource = (o: SessionOptions, credentials: Credentials, place: Place): Source => {
  let held: Token | undefined;
  let problem: string | undefined;
  const ask = (request: TokenRequest): Promise<Token> =>
    o.refresh({ ...request, expirySeconds: renewedExpirySeconds }, place.namespace);
  const source: Source = {
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
    renew(refused) {
      if (held?.accessToken === refused) held = { ...held, expiry: 0 };
      return source.token();
    },
    explain: () => problem,
    origin: () => (held === undefined ? undefined : 'service'),
  };
  return source;
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
  let origin: TokenOrigin | undefined;
  const given = (token: string | undefined, from: TokenOrigin, otherwise: string): string | undefined => {
    origin = token === undefined ? undefined : from;
    problem = token === undefined ? otherwise : undefined;
    return token;
  };
  const ended = (): string => `your login to ${place.environment} has ended: ${loginCommand(o.home, place)}`;
  const source: Source = {
    async token() {
      const login = readLogin(o.home, place);
      if (login !== undefined) return given(await tokenOf(o, place, login), 'login', ended());
      const lost = lostLogin(o.home, place);
      if (lost !== undefined) return given(undefined, 'login', lost);
      const local = isLoggedOut(o.home, place) ? undefined : localAdmin(o, place);
      return given(
        local,
        'local-admin',
        `you are not logged in to ${place.environment}: ${loginCommand(o.home, place)}`,
      );
    },
    async renew(refused) {
      const login = readLogin(o.home, place);
      // Another process may have renewed it; the machine's credential is renewed by the server.
      if (login?.token.accessToken !== refused) return source.token();
      return given(await renewSaved(o, place, login, undefined), 'login', ended());
    },
    explain: () => problem,
    origin: () => origin,
  };
  return source;
};

const tokenOf = async (o: SessionOptions, place: Place, login: Login): Promise<string | undefined> => {
  const left = msLeft(login.token, o.now());
  if (left > renewBeforeMs) return login.token.accessToken;
  return renewSaved(o, place, login, left > 0 ? login.token.accessToken : undefined);
};

/** `unused`: what is still of use when it fails. A login that the server no longer knows gives undefined; it never turns into another identity. */
const renewSaved = async (
  o: SessionOptions,
  place: Place,
  login: Login,
  unused: string | undefined,
): Promise<string | undefined> => {
  const { token } = login;
  if (token.refreshToken === '') return unused;
  let renewed: Token;
  try {
    const request = { refreshToken: token.refreshToken, expirySeconds: renewedExpirySeconds };
    renewed = await o.refresh(request, place.namespace).catch((e: unknown) => {
      if (isRefusal(e) || wasNeverSent(e)) throw e;
      // The server may have replaced the token and the answer got lost: asked again at once it gives the same one, later none.
      return o.refresh(request, place.namespace);
    });
  } catch (e) {
    if (unused !== undefined) return unused;
    if (isRefusal(e)) return renewedElsewhere(o, place, login);
    throw e;
  }
  return keep(o, place, login, renewed);
};

/** The server has replaced the old token by now: what cannot be written down must serve at least this run. */
const keep = async (o: SessionOptions, place: Place, login: Login, renewed: Token): Promise<string> => {
  try {
    const id = login.id || (subjectOf(renewed.accessToken) ?? '');
    return (await renewLogin(o.home, place, { ...login, id }, renewed)).accessToken;
  } catch (e) {
    o.notKept?.(e);
    return renewed.accessToken;
  }
};

/** Another process may have renewed the login between our reading it and the server's answer; the old token is then worth nothing. */
const renewedElsewhere = (o: SessionOptions, place: Place, used: Login): string | undefined => {
  const now = readLogin(o.home, place);
  if (now?.id !== used.id || now.token.refreshToken === used.token.refreshToken) return undefined;
  return msLeft(now.token, o.now()) > 0 ? now.token.accessToken : undefined;
};

/** The account id that a token states; only to file it under: the server that signed it has just handed it to us. */
const subjectOf = (token: string): string | undefined => {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('sub' in claims)) return undefined;
    return typeof claims.sub === 'string' && claims.sub !== '' ? claims.sub : undefined;
  } catch {
    // Not one of ours: it is then kept without a name, where older versions kept theirs.
    return undefined;
  }
};

const localAdmin = (o: SessionOptions, place: Place): string | undefined =>
  o.dataRoot === undefined ? undefined : readLocalAdmin({ dataRoot: o.dataRoot, address: place.address, now: o.now() });

const msLeft = (token: Token, now: number): number => token.expiry * 1_000 - now;

const wasNeverSent = (e: unknown): boolean => isMicroError(e) && e.detail.includes('Error while dialing');

/** The server answered and said no; anything else is a server that could not be asked. */
const isRefusal = (e: unknown): e is Error => isMicroError(e) && (e.code === 400 || e.code === 401 || e.code === 403);
