/** Reads an environment's address: where to dial and whether with TLS (cli.md 4.3, 4.4). Resolves and dials nothing. */

import { ExitError } from '../contract/error.ts';

export interface Target {
  /** `host:port`, or `[v6]:port`. */
  readonly address: string;
  readonly tls: boolean;
}

const tlsPort = '443';
const plainPort = '80';
const form = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.%]+\]|[^\s/:@?#[\]]+)(?::(\d{1,5}))?\/?$/;

/** `https://` means TLS on any port; else port 443 or no port do. Throws ExitError for what is no address. */
export const parseAddress = (text: string): Target => {
  const [, scheme, host, given] = form.exec(text) ?? [];
  if (host === undefined || Number(given ?? 1) > 65_535 || Number(given ?? 1) === 0)
    throw new ExitError(`bad address: "${text}"`, 128, { hint: 'expected host:port, host or https://host:port' });
  const port = given ?? (scheme === 'http' ? plainPort : tlsPort);
  const tls = scheme === 'https' || (scheme !== 'http' && port === tlsPort);
  return { address: `${host}:${port}`, tls };
};

/** The host part names this machine alone: 127.0.0.0/8, ::1 or localhost. */
export const isLoopback = (address: string): boolean => {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
};
