/** Whether a key and a chain belong together, can be served, and are for these hosts. Pure; throws an Error that says what is wrong. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import type { KeyAndCertificate } from '../certificate-source.ts';

export interface CheckedPair extends KeyAndCertificate {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Dates are told, not judged: an old certificate is still better than none. */
export const checkPair = (pair: KeyAndCertificate, hosts: readonly string[]): CheckedPair => {
  const leaf = new X509Certificate(pair.cert);
  if (!leaf.checkPrivateKey(createPrivateKey(pair.key))) throw new Error('the key belongs to another certificate');
  for (const host of hosts)
    if (leaf.checkHost(host, { subject: 'never' }) === undefined) throw new Error(`the certificate is not for ${host}`);
  // Reads the rest of the chain, too.
  createSecureContext(pair);
  const [notBefore, notAfter] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (!(notBefore < notAfter)) throw new Error('the certificate is valid at no time');
  return { ...pair, notBefore, notAfter };
};
