/**
 * How a gateway tells the auth service from where its caller comes: a header that is sealed, so that it is worth something only where both
 * are one process, and nothing where a caller made it up. Owns the text; knows no transport.
 */

import { Buffer } from 'node:buffer';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import { defaultNamespace } from '../contract/core.ts';
import { vouchedMs } from '../contract/limits.ts';

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

export const createVouching = (now: () => number): Vouching => {
  const secret = randomBytes(32);
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
