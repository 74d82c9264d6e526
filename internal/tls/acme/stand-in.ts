/** The certificate that is served while the authority has issued none: signed by itself, so that no client takes it for the real one, and named so that people see why. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';

import type { KeyAndCertificate } from '../certificate-source.ts';

/** Its common name; a client that says which certificate it refuses shows this. */
export const standInName = 'no certificate yet: see the log of the server';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifeMs = 7 * 24 * 3_600_000;

/** Made anew at each start and kept nowhere. */
export const standIn = async (hosts: readonly string[], now: number): Promise<KeyAndCertificate> => {
  const x509 = await import('@peculiar/x509');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = {
    privateKey: await privateKey.toCryptoKey(algorithm, false, ['sign']),
    publicKey: await publicKey.toCryptoKey(algorithm, true, ['verify']),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive, as RFC 5280 section 4.1.2.2 wants it.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: [{ CN: [standInName] }],
    notBefore: new Date(now),
    notAfter: new Date(now + lifeMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value })))],
  });
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: certificate.toString('pem') };
};
