/** The auth slot: accounts, tokens and rules (wire.md 5). What every driver must do: test/conformance/auth.ts. */

import type { AuthListener } from './auth-change.ts';
import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';

export interface Account {
  readonly id: string;
  /** `user` and `service` have meaning; others fail every namespace check. */
  readonly type: string;
  /** The namespace it belongs to. */
  readonly issuer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  readonly name: string;
}

export interface Token {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Unix seconds. */
  readonly created: number;
  /** Unix seconds. */
  readonly expiry: number;
}

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly endpoint: string;
}

export interface Rule {
  readonly id: string;
  /** `` public, `*` any account of the namespace, `+` any account, else a scope. */
  readonly scope: string;
  readonly resource: Resource;
  readonly access: 'granted' | 'denied';
  readonly priority: number;
}

export interface NewAccount {
  readonly id: string;
  readonly name?: string;
  /** Default `user`. */
  readonly type?: string;
  readonly scopes?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default: a random UUID. */
  readonly secret?: string;
}

export interface TokenRequest {
  readonly id?: string;
  readonly secret?: string;
  readonly refreshToken?: string;
  /** Seconds; default 900. */
  readonly expirySeconds?: number;
}

/** Where a secret is tried from: failed tries are limited per address. */
export interface LoginOptions extends CallOptions {
  /** `ip:port` of who called; the caller is on this machine when it is left out. */
  readonly remote?: string;
  /** What vouch() gave a gateway that passes the call on, instead of its own address. Ignored when it did not. */
  readonly vouched?: string;
}

/** A key that tokens are, or were, signed with. */
export interface SigningKey {
  /** The `kid` of its tokens. */
  readonly id: string;
  /** base64(PEM) of the public half, as MICRO_AUTH_PUBLIC_KEY takes it. */
  readonly publicKey: string;
  /** It signs now. */
  readonly present: boolean;
  /** Unix seconds until which tokens of a former key may live; 0 for the present one. */
  readonly ends: number;
}

/** The keys of the server: the present one first, then those whose tokens still count. */
export interface SigningKeys {
  list(o?: CallOptions): Promise<readonly SigningKey[]>;
  /** A new key signs from now on; answers as list(). With `endOldTokens` all tokens signed so far end at once; refresh tokens and secrets stay. */
  rotate(o?: CallOptions & { readonly endOldTokens?: boolean }): Promise<readonly SigningKey[]>;
}

export interface InspectOptions extends CallOptions {
  /** Whether the account still stands is what is asked: that the token has expired does not matter. Answered anew each time. */
  readonly pastExpiry?: boolean;
}

/** Error ids and texts are v3's (wire.md 5.3 to 5.5). Who may call what is decided by services/auth, not here. */
export interface Auth {
  /** Creates an account; the returned secret is in clear and never shown again. */
  generate(account: NewAccount, o?: CallOptions): Promise<Account & { readonly secret: string }>;
  /** The account of a valid access token. Throws badRequest `invalid token provided`, with the reason. */
  inspect(token: string, o?: InspectOptions): Promise<Account>;
  token(request: TokenRequest, o?: LoginOptions): Promise<Token>;
  accounts(o?: CallOptions): Promise<readonly Account[]>;
  deleteAccount(id: string, o?: CallOptions): Promise<void>;
  /** `oldSecret` undefined: not checked (the caller's right to that was decided before). */
  changeSecret(
    id: string,
    secrets: { readonly oldSecret?: string; readonly newSecret: string },
    o?: LoginOptions,
  ): Promise<void>;
  rules(o?: CallOptions): Promise<readonly Rule[]>;
  createRule(rule: Rule, o?: CallOptions): Promise<void>;
  deleteRule(id: string, o?: CallOptions): Promise<void>;
  /** For gateways: a text that stands for the address of a caller, and that callers cannot make. Undefined where the server would not believe it. */
  vouch?(remote: string): string | undefined;
  /** Optional: a driver whose server keeps no keys has none. */
  readonly keys?: SigningKeys;
  /** What some questions would be answered, without waiting. Optional: without it every question is asked. */
  readonly known?: KnownAuth;
  /**
   * Tells of each change once it is stored and the answers above follow it. Returns what ends the telling. Optional: without it,
   * nobody remembers an answer for longer than unwatchedTrustMs.
   */
  changes?(listener: AuthListener): () => void;
}

/** Answers that are in memory and hold now; undefined: ask. They end when the answers of inspect() and rules() change. */
export interface KnownAuth {
  /** As inspect(). */
  account(token: string): Account | undefined;
  /** As rules(); the same list until it changes. */
  rules(namespace: string): readonly Rule[] | undefined;
}

/** What a listener needs to check its callers. */
export type CallerAuth = Pick<Auth, 'inspect' | 'rules' | 'known' | 'changes'>;

export const auth = capability<Auth>('auth');
