/** Certificates for tests, made by openssl in a folder that the caller removes: self-signed ones and those of a small authority. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWish {
  /** Subject alternative names as openssl writes them; default localhost and the loopback addresses. */
  readonly names?: string;
  /** Who signs it; default itself. */
  readonly signer?: MadeCertificate;
  /** May sign others. */
  readonly authority?: boolean;
  /** Days from now it ends; negative: it has ended. */
  readonly days?: number;
}

export const hasOpenssl = (): boolean => spawnSync('openssl', ['version']).status === 0;

const localNames = 'DNS:localhost,IP:127.0.0.1,IP:::1';

/** An ECDSA P-256 key and its certificate, as NAME.pem and NAME.key in the folder. */
export const makeCertificate = (folder: string, name: string, wish: CertificateWish = {}): MadeCertificate => {
  mkdirSync(folder, { recursive: true });
  const file = (ending: string): string => join(folder, `${name}${ending}`);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const extensions = [
    `subjectAltName=${wish.names ?? localNames}`,
    `basicConstraints=critical,CA:${wish.authority === true ? 'TRUE' : 'FALSE'}`,
  ];
  openssl(
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${name}`, '-keyout', file('.key'), '-out', file('.csr')],
  );
  writeFileSync(file('.ext'), extensions.join('\n'));
  const { signer } = wish;
  openssl(
    ...['x509', '-req', '-in', file('.csr'), '-out', file('.pem'), '-extfile', file('.ext')],
    ...['-days', String(wish.days ?? 2)],
    ...(signer === undefined
      ? ['-signkey', file('.key')]
      : ['-CA', signer.certFile, '-CAkey', signer.keyFile, '-CAcreateserial']),
  );
  return {
    certFile: file('.pem'),
    keyFile: file('.key'),
    cert: readFileSync(file('.pem'), 'utf8'),
    key: readFileSync(file('.key'), 'utf8'),
  };
};
