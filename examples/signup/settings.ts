/** What the operator may decide, from the environment of the service (`micro run --env_vars`). */

export interface Settings {
  /** Only addresses of these domains may sign up; empty: all. */
  readonly domains: readonly string[];
  /** A namespace that whoever signs up may join; empty: none. */
  readonly join: string;
  /** Whether the owner of a new namespace is its admin, who may run programs on the server. */
  readonly ownersAreAdmins: boolean;
  /** Where to pay; empty: signing up is free. */
  readonly paymentUrl: string;
  /** How long a code is good. */
  readonly codeSeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws an Error that names the variable. */
export const readSettings = (env: Environment): Settings => {
  const admin = env.SIGNUP_OWNERS || 'plain';
  if (admin !== 'plain' && admin !== 'admin') throw new Error(`SIGNUP_OWNERS is neither plain nor admin: ${admin}`);
  const codeSeconds = Number(env.SIGNUP_CODE_SECONDS || 600);
  if (!Number.isInteger(codeSeconds) || codeSeconds < 0 || codeSeconds > 86_400)
    throw new Error(`SIGNUP_CODE_SECONDS is not within 0 and 86400: ${env.SIGNUP_CODE_SECONDS}`);
  return {
    domains: (env.SIGNUP_DOMAINS ?? '').split(/[\s;]+/).filter((domain) => domain !== ''),
    join: env.SIGNUP_JOIN ?? '',
    ownersAreAdmins: admin === 'admin',
    paymentUrl: env.SIGNUP_PAYMENT_URL ?? '',
    codeSeconds,
  };
};
