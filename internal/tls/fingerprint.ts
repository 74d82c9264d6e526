/**
 * The fingerprint by which a client knows a server without a certificate authority: SHA-256 of the public key
 * (SubjectPublicKeyInfo, DER), as `sha256:` and 64 hex digits. Of the key and not of the certificate, so that it outlives a renewal.
 */

import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';

/** The text that is printed, stored and compared. */
export const fingerprintOf = (holder: X509Certificate | { readonly publicKey: KeyObject }): string =>
  `sha256:${createHash('sha256')
    .update(holder.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

/** A fingerprint as people copy it (capitals, colons between the digits) in the one form that is compared; undefined for anything else. */
export const normalFingerprint = (text: string): string | undefined => {
  const [, given = ''] = /^sha256:([0-9a-f:]+)$/i.exec(text.trim()) ?? [];
  const digits = given.replaceAll(':', '').toLowerCase();
  return digits.length === 64 ? `sha256:${digits}` : undefined;
};
