/**
 * Decides whether a browser's page may talk to a listener: the Host header on loopback listeners (a foreign name that resolves to
 * 127.0.0.1 must not reach them), and the Origin header against an allow-list. Pure; sends nothing.
 */

import { forbidden, type MicroError } from '../contract/error.ts';

export interface OriginPolicy {
  readonly id: string;
  /** Whether the listener is bound to loopback. */
  readonly loopback: boolean;
  /** Origins that may call besides the listener's own: `https://app.example.com`, or `*` for any, then without credentials. */
  readonly origins: readonly string[];
  /** Host names besides loopback ones that a loopback listener answers to. */
  readonly hosts: readonly string[];
}

export interface OriginHeaders {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/** The CORS headers of the answer; none for requests that carry no Origin. Throws 403 for a request that must not be answered. */
export const checkOrigin = (headers: OriginHeaders, policy: OriginPolicy): Readonly<Record<string, string>> => {
  if (policy.loopback && headers.host !== undefined && !isKnownHost(headers.host, policy))
    throw refusal(policy, `host not allowed: ${headers.host}`, 'hosts');
  const { origin } = headers;
  if (origin === undefined) return {};
  if (policy.origins.includes(origin) || isOwn(headers, policy)) return allowed(origin);
  if (policy.origins.includes('*')) return { ...methods, 'Access-Control-Allow-Origin': '*' };
  throw refusal(policy, `origin not allowed: ${origin}`, 'cors_origins');
};

const refusal = (policy: OriginPolicy, detail: string, setting: string): MicroError =>
  forbidden(policy.id, detail, { hint: `add it to the setting ${setting} of the API if it is yours` });

const methods = {
  'Access-Control-Allow-Methods': 'POST, PATCH, GET, OPTIONS, PUT, DELETE',
  'Access-Control-Allow-Headers':
    'Accept, Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, Micro-Namespace',
};

const allowed = (origin: string): Readonly<Record<string, string>> => ({
  ...methods,
  'Access-Control-Allow-Origin': origin,
  'Access-Control-Allow-Credentials': 'true',
});

/** The page came from this listener itself, or, for a loopback listener, from another server of this machine. */
const isOwn = ({ host, origin }: OriginHeaders, policy: OriginPolicy): boolean => {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.origin !== origin || !/^https?:$/.test(page.protocol)) return false;
  return page.host === host?.toLowerCase() || (policy.loopback && isLoopbackName(page.hostname));
};

const isKnownHost = (host: string, policy: OriginPolicy): boolean => {
  const name = host.toLowerCase().replace(/:\d*$/, '');
  return isLoopbackName(name) || policy.hosts.some((known) => known.toLowerCase() === name);
};

/** `localhost` and names below it, 127.0.0.0/8 and ::1; never resolves a name. */
export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' ||
  name.endsWith('.localhost') ||
  name === '::1' ||
  name === '[::1]' ||
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
