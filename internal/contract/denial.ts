/** Why a call was denied, as a word for programs: the `reason` of a 401 or 403, beside v3's four keys. The texts for people are made where the denial is. */

export const denialReasons = [
  /** No token was sent. */
  'no_token',
  /** The authorization header cannot be read. */
  'malformed_token',
  /** Its life is over; `server_time` says by which clock. */
  'expired_token',
  /** Expired there and valid here: the clocks differ. Found by the client, which knows both. */
  'clock_skew',
  /** No JWT, damaged, or claims nobody here would sign. */
  'invalid_token',
  /** Signed by a key this server does not have: it was issued by another server. */
  'wrong_environment',
  /** Its account was deleted. */
  'ended_account',
  /** It was issued before its account's secret was changed. */
  'changed_secret',
  /** The account belongs to another namespace than the call is about. */
  'wrong_namespace',
  /** Neither a user nor a service. */
  'wrong_type',
  /** The account lacks the scope that makes it an admin. */
  'not_admin',
  /** The rule that decided says no. */
  'rule_denied',
  /** No rule speaks about this caller. */
  'no_rule',
  /** Too many failed logins; the hint says how long to wait. */
  'too_many_logins',
] as const;

export type DenialReason = (typeof denialReasons)[number];

/** What is wrong with a caller's token, for a denial that follows from it. */
export interface Problem {
  readonly reason: DenialReason;
  readonly hint: string;
  /** Unix seconds of the clock that judged; only where the time decided. */
  readonly server_time?: number;
}

const known: ReadonlySet<unknown> = new Set(denialReasons);

export const isDenialReason = (value: unknown): value is DenialReason => known.has(value);
