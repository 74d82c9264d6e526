/**
 * How a gateway tells the auth service from where its caller comes: a header that is sealed with a secret which only processes of the
 * server's own user can read. Owns the text and the secret's file; knows no transport.
 */

import { Buffer } from 'node:buffer';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { defaultNamespace } from '../contract/core.ts';
import { vouchedMs } from '../contract/limits.ts';
import { writeSecret } from './write-secret.ts';

/** The header it travels in. Gateways drop what their callers send of it. */
export const vouchedHeader = 'micro-vouched-caller';

/** Only the auth service asks from where a call comes, and nobody else is to see what a gateway vouches for. */
export const wantsVouching = (service: string, namespace: string): boolean =>
  service === 'auth' && namespace === defaultNamespace;

export interface Vouching {
  vouch(remote: string): string;
  /** The address that was vouched for lately; undefined for what is made up, damaged or old. */
  open(text: string | undefined): string | undefined;
}

export const createVouching = (now: () => number, secret: Buffer = randomBytes(secretBytes)): Vouching => {
  const sealOf = (body: string): string => createHmac('sha256', secret).update(body).digest('base64url');
  return {
    vouch(remote) {
      const body = `${remote};${now() + vouchedMs}`;
      return `${body};${sealOf(body)}`;
    },
    open(text) {
      const [remote = '', until = '', seal = '', ...rest] = (text ?? '').split(';');
      const right = Buffer.from(sealOf(`${remote};${until}`));
      const given = Buffer.from(seal);
      if (rest.length > 0 || right.length !== given.length || !timingSafeEqual(right, given)) return undefined;
      return Number(until) > now() ? remote : undefined;
    },
  };
};

const secretBytes = 32;
const fileIn = (folder: string): string => join(folder, 'vouching');

/** The secret in `folder`, made anew where there is none that can be used. */
export const openVouchingSecret = async (folder: string): Promise<Buffer> => {
  const present = readVouchingSecret(folder);
  if (present !== undefined) return present;
  const made = randomBytes(secretBytes);
  await writeSecret(fileIn(folder), made.toString('base64'));
  return made;
};

/** The secret in the folder of a server of this user on this machine; undefined where there is none, or others could have read it. */
export const readVouchingSecret = (folder: string): Buffer | undefined => {
  try {
    const info = statSync(fileIn(folder));
    // Windows has no owner or mode bits here; the folder's own protection must do.
    const uid = process.getuid?.();
    if (uid !== undefined && (info.uid !== uid || (info.mode & 0o077) !== 0)) return undefined;
    const secret = Buffer.from(readFileSync(fileIn(folder), 'utf8').trim(), 'base64');
    return secret.length === secretBytes ? secret : undefined;
  } catch {
    // Then nobody can be vouched for, and callers count by the address that is seen.
    return undefined;
  }
};
