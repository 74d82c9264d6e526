/** The calls of the signup proto (wire.md 1.15) as JSON, which every micro service understands. Owns what is taken from their answers; they go out as nobody. */

import type { Token } from '../contract/auth.ts';
import type { Client } from '../contract/client.ts';
import { defaultNamespace } from '../contract/core.ts';
import { internal, isMicroError } from '../contract/error.ts';
import { signupCallMs, signupCompleteMs } from '../contract/limits.ts';

export interface Verified {
  /** Namespaces that may be joined. */
  readonly namespaces: readonly string[];
  readonly message: string;
  readonly paymentRequired: boolean;
}

export interface NewLogin {
  readonly token: Token;
  /** May be empty. */
  readonly namespace: string;
}

export interface SignupCalls {
  /** Whether the environment has such a service; true when it is there and unwell. */
  isThere(): Promise<boolean>;
  sendCode(email: string): Promise<void>;
  verify(email: string, code: string): Promise<Verified>;
  hasPaid(code: string): Promise<boolean>;
  complete(wish: { email: string; code: string; secret: string; namespace: string }): Promise<NewLogin>;
  recover(email: string): Promise<void>;
}

const service = 'signup';

export const signupCalls = (client: Client, signal: AbortSignal): SignupCalls => {
  const call = async (endpoint: string, request: object, timeoutMs = signupCallMs): Promise<Fields> => {
    const answer = await client.call(service, endpoint, Buffer.from(JSON.stringify(request)), {
      contentType: 'application/grpc+json',
      namespace: defaultNamespace,
      // Whoever signs up is nobody yet; a login that has ended must not stand in the way.
      token: null,
      timeoutMs,
      signal,
    });
    return fieldsOf(answer, endpoint);
  };
  return {
    isThere: async () => {
      try {
        await call('Debug.Health', {});
        return true;
      } catch (e) {
        if (signal.aborted || isUnreachable(e)) throw e;
        return !(isMicroError(e) && e.detail.includes(`service ${service}: route not found`));
      }
    },
    sendCode: async (email) => void (await call('Signup.SendVerificationEmail', { email })),
    verify: async (email, code) => {
      const answer = await call('Signup.Verify', { email, token: code });
      const { namespaces, message, payment_required } = answer;
      return {
        namespaces: Array.isArray(namespaces) ? namespaces.filter((name) => typeof name === 'string') : [],
        message: textOf(message),
        paymentRequired: payment_required === true,
      };
    },
    hasPaid: async (code) => (await call('Signup.HasPaymentMethod', { token: code })).has === true,
    complete: async ({ email, code, secret, namespace }) => {
      const endpoint = 'Signup.CompleteSignup';
      const request = { email, token: code, paymentMethodID: '', secret, namespace };
      const answer = await call(endpoint, request, signupCompleteMs);
      return { token: tokenOf(answer.authToken, endpoint), namespace: textOf(answer.namespace) };
    },
    recover: async (email) => void (await call('Signup.Recover', { email })),
  };
};

/** The server itself could not be asked; about its services nothing is known then. */
const isUnreachable = (e: unknown): boolean => isMicroError(e) && e.detail.includes('Error while dialing');

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (bytes: Uint8Array, endpoint: string): Fields => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8') || '{}');
  } catch (cause) {
    throw internal(`${service}.${endpoint}`, 'the signup service answered with something that is no JSON', { cause });
  }
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** 64-bit numbers are texts in protobuf's JSON. */
const tokenOf = (value: unknown, endpoint: string): Token => {
  const { access_token, refresh_token, created, expiry } = (value ?? {}) as Fields;
  const accessToken = textOf(access_token);
  if (accessToken === '') throw internal(`${service}.${endpoint}`, 'the signup service gave no token: micro login');
  return {
    accessToken,
    refreshToken: textOf(refresh_token),
    created: Number(created ?? 0) || 0,
    expiry: Number(expiry ?? 0) || 0,
  };
};
