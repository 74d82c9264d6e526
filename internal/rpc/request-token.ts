/** Auth.Token as a plain JSON call: the one core call the proxy client makes for itself, without loading a schema for it. */

import type { Token, TokenRequest } from '../contract/auth.ts';
import { internal } from '../contract/error.ts';
import type { RpcClient } from './client.ts';

const errorId = 'auth.Auth.Token';

/** Exchanges credentials or a refresh token. Throws what the server answers (`invalid token provided`, …). */
export const requestToken = async (
  rpc: RpcClient,
  o: { readonly address: string; readonly request: TokenRequest; readonly namespace: string },
): Promise<Token> => {
  const { id = '', secret = '', refreshToken = '', expirySeconds } = o.request;
  const body = {
    id,
    secret,
    refresh_token: refreshToken,
    ...(expirySeconds === undefined ? {} : { token_expiry: String(expirySeconds) }),
    options: { namespace: o.namespace },
  };
  const answer = await rpc.call(o.address, '/auth.Auth/Token', Buffer.from(JSON.stringify(body)), {
    contentType: 'application/grpc+json',
    namespace: 'micro',
  });
  return parseToken(Buffer.from(answer).toString('utf8'));
};

const parseToken = (text: string): Token => {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw internal(errorId, 'the server answered with something that is no JSON', { cause });
  }
  const token = fieldOf(answer, 'token');
  const accessToken = fieldOf(token, 'access_token');
  if (typeof accessToken !== 'string' || accessToken === '') throw internal(errorId, 'the server sent no token');
  const refreshToken = fieldOf(token, 'refresh_token');
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : '',
    created: Number(fieldOf(token, 'created') ?? 0),
    expiry: Number(fieldOf(token, 'expiry') ?? 0),
  };
};

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
