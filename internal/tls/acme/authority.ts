/** The ACME client library behind our own requests: loaded when the first order begins, kept from retrying, redirecting and reading without bounds. Gives one order a client. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent } from 'node:https';

import { type AuthorityConnection, askAuthority } from './ask-authority.ts';

type AcmeLibrary = typeof import('acme-client');

/** The library sends through one HTTP client for the whole process; this tells it whose order a request belongs to. */
const connections = new AsyncLocalStorage<AuthorityConnection>();

export interface AuthorityOptions {
  /** PEM that vouches for the directory; undefined for what Node trusts. */
  readonly directoryCa: string | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Runs one order's conversation with an authority; its connections end with it. */
export const withAuthority = async <T>(o: AuthorityOptions, work: (acme: AcmeLibrary) => Promise<T>): Promise<T> => {
  const acme = await loadLibrary();
  const ca = o.directoryCa === undefined ? {} : { ca: o.directoryCa };
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax, ...ca });
  try {
    return await connections.run({ agent, signal: o.signal, now: o.now }, () => work(acme));
  } finally {
    agent.destroy();
  }
};

/** Authorizations are asked for at once, and there may be many. */
const socketsMax = 4;

/**
 * What the adapter throws carries no request, so the library's own retries leave it alone: theirs wait as long as the authority
 * likes and cannot be stopped. Ours are in acme-source.ts.
 */
const loadLibrary = async (): Promise<AcmeLibrary> => {
  const acme = await import('acme-client');
  acme.axios.defaults.adapter = async (config) => {
    const connection = connections.getStore();
    if (connection === undefined) throw new TypeError('a request to an authority outside of an order');
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(config.headers.toJSON())) headers[name] = String(value);
    const body: unknown = config.data;
    const {
      status,
      headers: answered,
      text,
    } = await askAuthority(
      {
        method: (config.method ?? 'get').toUpperCase(),
        url: config.url ?? '',
        headers: { ...headers, 'User-Agent': 'micro' },
        body: typeof body === 'string' ? body : undefined,
      },
      connection,
    );
    return { data: text, status, statusText: '', headers: answered, config };
  };
  return acme;
};
