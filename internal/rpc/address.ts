/** Addresses as text: `host:port`, `[v6]:port`, `https://host`, Go's `:port`. Decides which mean TLS (wire.md 2.6). Resolves no names. */

import { badRequest } from '../contract/error.ts';

export interface Target {
  /** `host:port`, or `[v6]:port`. */
  readonly address: string;
  readonly tls: boolean;
}

const tlsPort = '443';
const plainPort = '80';

/** Where a client dials: TLS for `https://`, and without a scheme for port 443 or no port. Throws badRequest for what is no address. */
export const parseTarget = (text: string): Target => {
  const [, scheme] = /^(https?):\/\//.exec(text) ?? [];
  const { host, port } = splitAddress(bareAddress(text));
  if (host === '') throw badRequest('go.micro.client', `address "${text}" has no host`);
  const tls = scheme === undefined ? port === undefined || port === tlsPort : scheme === 'https';
  return { address: joinAddress(host, port ?? (tls ? tlsPort : plainPort)), tls };
};

/** An address without its scheme, as errors name it. */
export const bareAddress = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/+$/, '');

/** Host without brackets, and port. Throws badRequest when the port is not a number from 0 to 65535. */
export const splitAddress = (text: string): { readonly host: string; readonly port: string | undefined } => {
  const v6 = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const plain = v6 ?? /^([^:]*)(?::([^:]*))?$/.exec(text);
  if (plain === null || /[\s/@?#]/.test(text)) throw badRequest('go.micro.client', `"${text}" is not host:port`);
  const port = plain[2];
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535))
    throw badRequest('go.micro.client', `"${text}" has no valid port`);
  return { host: plain[1] as string, port };
};

export const joinAddress = (host: string, port: string | number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
