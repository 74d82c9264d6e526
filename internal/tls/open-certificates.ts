/** Chooses by its settings where a listener's certificate comes from: an authority (ACME), files, or this server itself. Whoever opens it closes it. */

import { hostname } from 'node:os';
import { join } from 'node:path';

import type { Host } from '../contract/host.ts';
import type { Logger } from '../contract/logger.ts';
import type { TlsSettings } from '../contract/tls-settings.ts';
import { makePrivateFolder } from '../process/private-folder.ts';
import type { CertificateSource } from './certificate-source.ts';
import { isCertificateName } from './check-settings.ts';

export interface OpenCertificatesOptions {
  /** Checked by checkTlsSettings, and one of the two is enabled. */
  readonly settings: TlsSettings;
  /** The server whose listener it is; its listeners share what is kept in the data folder. */
  readonly host: Pick<Host, 'dataDir' | 'ready'>;
  /** The host part of the listener's address; empty for every interface. */
  readonly bindHost: string;
  readonly log: Logger;
  readonly now: () => number;
}

export interface OpenedCertificates {
  readonly source: CertificateSource;
  /** No authority vouches for it: clients pin its fingerprint. */
  readonly selfSigned: boolean;
}

/** Rejects with ExitError when there is no certificate that could be used. */
export const openCertificates = async (o: OpenCertificatesOptions): Promise<OpenedCertificates> => {
  const { settings, host, log, now } = o;
  const { tls_cert_file: certFile, tls_key_file: keyFile } = settings;
  if (certFile !== undefined && keyFile !== undefined) {
    const { openCertificateFiles } = await import('./certificate-files.ts');
    return { source: await openCertificateFiles({ certFile, keyFile, log, now }), selfSigned: false };
  }
  if (settings.enable_acme) {
    const { acmeSettings } = await import('./acme/acme-settings.ts');
    const { openAcme } = await import('./acme/open-acme.ts');
    return { source: await openAcme({ server: host, settings: acmeSettings(settings), log, now }), selfSigned: false };
  }
  const { openSelfSigned } = await import('./self-signed.ts');
  const folder = makePrivateFolder(join(host.dataDir, 'tls'));
  return { source: await openSelfSigned({ folder, names: namesOf(o), log, now }), selfSigned: true };
};

/** What it is told to be for, the address it listens on, and this machine by its own names. */
const namesOf = ({ settings, bindHost }: OpenCertificatesOptions): readonly string[] => {
  const everyInterface = bindHost === '' || bindHost === '0.0.0.0' || bindHost === '::';
  const found = [...(everyInterface ? [] : [bindHost]), hostname()].filter(isCertificateName);
  const names = [...settings.tls_hosts, ...found].map((name) => name.toLowerCase());
  return [...new Set([...names, 'localhost', '127.0.0.1', '::1'])];
};
