/** The text of a refresh token: which login, which turn of it, and a seal that only this server can make. Pure; keeps nothing. */

import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface RefreshToken {
  /** Random; one per login. The store knows only its hash. */
  readonly chain: Buffer;
  /** How often the login has been renewed before. */
  readonly turn: number;
}

const chainBytes = 16;
const turnBytes = 4;
const sealBytes = 16;
const length = chainBytes + turnBytes + sealBytes;

/** A token for one turn of a login: always the same text, so that it need not be kept to be given twice. */
export const refreshTokenText = (secret: Buffer, namespace: string, { chain, turn }: RefreshToken): string => {
  const number = Buffer.alloc(turnBytes);
  number.writeUInt32BE(turn);
  const body = Buffer.concat([chain, number]);
  return Buffer.concat([body, sealOf(secret, namespace, body)]).toString('base64url');
};

/** Undefined for what this server has not made for this namespace. */
export const parseRefreshToken = (secret: Buffer, namespace: string, text: string): RefreshToken | undefined => {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== length || bytes.toString('base64url') !== text) return undefined;
  const body = bytes.subarray(0, chainBytes + turnBytes);
  if (!timingSafeEqual(sealOf(secret, namespace, body), bytes.subarray(body.length))) return undefined;
  return { chain: Buffer.from(body.subarray(0, chainBytes)), turn: body.readUInt32BE(chainBytes) };
};

const sealOf = (secret: Buffer, namespace: string, body: Buffer): Buffer =>
  createHmac('sha256', secret).update('refresh token\0').update(body).update(namespace).digest().subarray(0, sealBytes);
