/** What goes wrong between us and a certificate authority, in words: the reason, and the way out. Pure; the authority's own words are made safe to print. */

import { acmeReasonCharsMax, acmeRetryAfterMsMax } from '../../contract/limits.ts';

/** `unreachable`: no answer. `untrusted`: its certificate. `clock`: its dates and ours do not fit. `answer`: nothing we understand. `problem`: it says no. `proof`: it could not prove a host. */
export type CaFault = 'unreachable' | 'untrusted' | 'clock' | 'answer' | 'problem' | 'proof';

export interface CaErrorOptions {
  readonly fault: CaFault;
  /** The last part of the problem's URN (RFC 8555 section 6.7). */
  readonly type?: string;
  /** The wait that the authority asked for, bounded. */
  readonly retryAfterMs?: number;
  readonly host?: string;
  readonly cause?: unknown;
}

export class CaError extends Error {
  readonly fault: CaFault;
  readonly type: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly host: string | undefined;
  constructor(message: string, o: CaErrorOptions) {
    super(printable(message), { cause: o.cause });
    this.name = 'CaError';
    this.fault = o.fault;
    this.type = o.type;
    this.retryAfterMs = o.retryAfterMs;
    this.host = o.host;
  }
}

/** One line, of bounded length: the words may be an attacker's and end in a log. */
export const printable = (text: string): string => {
  const start = text.slice(0, 4 * acmeReasonCharsMax);
  const line = start.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= acmeReasonCharsMax ? line : `${line.slice(0, acmeReasonCharsMax)}…`;
};

/** A problem document (RFC 7807), whatever it holds. */
export const problemOf = (value: unknown): { readonly type: string; readonly detail: string } => {
  const found = isRecord(value) ? value : {};
  const type = typeof found.type === 'string' ? found.type.slice(0, acmeReasonCharsMax) : '';
  const detail = typeof found.detail === 'string' ? found.detail : 'no reason given';
  return { type: type.replace(/^urn:ietf:params:acme:error:/, ''), detail };
};

/** `retry-after`: seconds or a date; undefined for anything else. Bounded, so that nobody can switch renewal off. */
export const retryAfterMs = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, acmeRetryAfterMsMax) : undefined;
};

/** What an operator can do about it. */
export const wayOut = (error: unknown, o: { readonly directory: string }): string => {
  if (!(error instanceof CaError)) return 'tried again by itself';
  switch (error.fault) {
    case 'unreachable':
      return `is ${new URL(o.directory).host} reachable from this machine? acme_directory names another authority`;
    case 'clock':
      return 'is the clock of this machine right?';
    case 'untrusted':
      return 'acme_ca_file names who vouches for the directory of a private authority';
    case 'answer':
      return `does acme_directory (${o.directory}) name an ACME directory?`;
    case 'proof':
    case 'problem':
      return byType[error.type ?? ''] ?? general[error.fault];
    default:
      return unreachable(error.fault);
  }
};

const port443 =
  'DNS must lead from each of acme_hosts to this server, and port 443 there to this listener: the authority calls it';

const general: Readonly<Record<'proof' | 'problem', string>> = {
  proof: port443,
  problem: "the authority's answer says what it wants",
};

const byType: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  connection: port443,
  dns: port443,
  tls: port443,
  unauthorized: port443,
  incorrectResponse: port443,
  caa: 'the CAA records of the host name other authorities: add this one',
  rateLimited: 'the authority counts orders: wait, and try settings out against its staging directory (acme_directory)',
  rejectedIdentifier: 'the authority issues nothing for such a name: check acme_hosts',
  unsupportedIdentifier: 'the authority issues nothing for such a name: check acme_hosts',
  invalidContact: 'check acme_email, or leave it out',
  unsupportedContact: 'check acme_email, or leave it out',
  externalAccountRequired: 'this authority wants an account made elsewhere, which is not supported: use another one',
  userActionRequired: 'the authority wants a person to agree to new terms: follow its answer',
  serverInternal: 'the authority has troubles of its own: tried again by itself',
});

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unreachable = (fault: never): never => {
  throw new TypeError(`unknown fault ${fault}`);
};
