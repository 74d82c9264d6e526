/** Whether a listener's TLS settings fit together and its address: off loopback without TLS nothing listens (docs/guide/exposing.md). Reads no files. */

import { isIP } from 'node:net';

import { ExitError } from '../contract/error.ts';
import { isLoopbackAddress } from '../contract/loopback.ts';
import type { TlsSettings } from '../contract/tls-settings.ts';

/** True when the listener speaks TLS. Throws ExitError that names the settings and the way out. */
export const checkTlsSettings = (settings: TlsSettings, address: string): boolean => {
  for (const name of settings.tls_hosts) requireName(name);
  const { enable_tls: files, enable_acme: acme, tls_cert_file: cert, tls_key_file: key } = settings;
  if (files && acme)
    throw new ExitError('enable_tls and enable_acme are both set', 1, {
      hint: 'enable_tls is for certificates from files or made here, enable_acme for those of an authority: choose one',
    });
  if ((cert === undefined) !== (key === undefined))
    throw new ExitError(
      `${cert ? 'tls_cert_file' : 'tls_key_file'} is set and ${cert ? 'tls_key_file' : 'tls_cert_file'} is not`,
      1,
      {
        hint: 'they go together',
      },
    );
  if (cert !== undefined && !files)
    throw new ExitError('tls_cert_file is set and enable_tls is not', 1, {
      hint: acme
        ? 'with enable_acme the certificate comes from the authority: leave tls_cert_file out'
        : 'set enable_tls as well',
    });
  if (settings.tls_client_ca_file !== undefined && !files && !acme)
    throw new ExitError('tls_client_ca_file is set and enable_tls is not', 1, { hint: 'set enable_tls as well' });
  if (files || acme) return true;
  if (!isLoopbackAddress(address))
    throw new ExitError(`${address} is off loopback and has no TLS`, 1, {
      hint: 'set enable_tls, or listen on 127.0.0.1',
    });
  return false;
};

/** Certificates hold names in ASCII, and addresses without brackets, port or zone. */
const requireName = (name: string): void => {
  if (isCertificateName(name)) return;
  throw new ExitError(`tls_hosts: ${JSON.stringify(name)} is no host name and no address`, 1, {
    hint: 'names such as micro.example.com and addresses such as 10.0.0.7, without scheme and port',
  });
};

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** What a certificate can be for. */
export const isCertificateName = (name: string): boolean =>
  isIP(name) === 0 ? hostName.test(name) : !name.includes('%');
