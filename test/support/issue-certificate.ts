/** Certificates for tests, made in this process, with any dates: authorities, and what they sign. Writes files only where it is asked to. */

import { KeyObject, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly subject: string;
}

export interface IssueOptions {
  /** Host names and addresses; default 127.0.0.1 and localhost. */
  readonly names?: readonly string[];
  /** Who signs; default itself. */
  readonly by?: Issued;
  /** May sign others. */
  readonly authority?: boolean;
  /** An RSA key; default one on the curve P-256. */
  readonly rsa?: boolean;
  /** Hours from now. */
  readonly fromHours?: number;
  readonly untilHours?: number;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2_048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
};
const hourMs = 3_600_000;

export const issueCertificate = async (name: string, o: IssueOptions = {}): Promise<Issued> => {
  const keys = await webcrypto.subtle.generateKey(o.rsa === true ? rsa : curve, true, ['sign', 'verify']);
  const signingKey = (o.by?.keys ?? keys).privateKey;
  const subject = `CN=${name}`;
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: o.by?.subject ?? subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: { ...signingKey.algorithm, hash: 'SHA-256' },
    notBefore: new Date(Date.now() + (o.fromHours ?? -1) * hourMs),
    notAfter: new Date(Date.now() + (o.untilHours ?? 24) * hourMs),
    extensions: [
      new BasicConstraintsExtension(o.authority === true, undefined, true),
      new SubjectAlternativeNameExtension(
        (o.names ?? ['127.0.0.1', 'localhost']).map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { cert: `${certificate.toString('pem')}\n`, key, keys, subject };
};

/** NAME.pem and NAME.key in a folder. */
export const writeCertificate = (
  folder: string,
  name: string,
  { cert, key }: Issued,
): { readonly cert: string; readonly key: string } => {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
};
