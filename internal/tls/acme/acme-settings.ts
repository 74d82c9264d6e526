/** What a server is told about ACME, checked: hosts, directory, contact. Opens nothing; each refusal names the setting and the way out. */

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

import { ExitError } from '../../contract/error.ts';
import { acmeHostsMax } from '../../contract/limits.ts';

/** The settings of a listener as they arrive. */
export interface AcmeConfig {
  readonly acme_hosts?: readonly string[];
  readonly acme_provider?: string;
  readonly acme_directory?: string;
  readonly acme_email?: string;
  readonly acme_ca_file?: string;
}

export interface AcmeSettings {
  /** Lower case, ASCII, sorted, each once. */
  readonly hosts: readonly string[];
  /** URL of the authority's directory. */
  readonly directory: string;
  readonly email: string | undefined;
  /** PEM: who may vouch for the directory's own certificate; undefined for the authorities Node knows. */
  readonly directoryCa: string | undefined;
}

/** The production directory of Let's Encrypt, as in v3. */
export const defaultDirectory = 'https://acme-v02.api.letsencrypt.org/directory';

/** Throws ExitError for what cannot work. Reads the CA file. */
export const acmeSettings = (config: AcmeConfig): AcmeSettings => {
  checkProvider(config.acme_provider);
  return {
    hosts: hostsOf(config.acme_hosts ?? []),
    directory: directoryOf(config.acme_directory),
    email: emailOf(config.acme_email),
    directoryCa: config.acme_ca_file ? readCa(config.acme_ca_file) : undefined,
  };
};

const checkProvider = (provider: string | undefined): void => {
  if (provider === undefined || provider === '' || provider === 'autocert') return;
  const detail = `acme_provider ${JSON.stringify(provider)} is not supported`;
  const dns =
    provider === 'certmagic' ? 'certmagic proved names by records in DNS, which this server does not do. ' : '';
  throw new ExitError(detail, 1, {
    hint: `${dns}Leave acme_provider out (autocert): names are proved on port 443. Certificates from another tool: tls_cert_file and tls_key_file`,
  });
};

const hostsOf = (given: readonly string[]): readonly string[] => {
  const hosts = [...new Set(given.map((text) => text.trim()).filter((text) => text !== ''))].map((h) => hostOf(h));
  if (hosts.length === 0)
    throw new ExitError('enable_acme needs acme_hosts', 1, {
      hint: 'name what the certificate is for, such as acme_hosts=micro.example.com',
    });
  if (hosts.length > acmeHostsMax)
    throw new ExitError(`acme_hosts: ${hosts.length} names, acmeHostsMax is ${acmeHostsMax}`, 1);
  return [...new Set(hosts)].sort();
};

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const hostCharsMax = 253;

const hostOf = (text: string): string => {
  const refuse = (why: string, hint: string) =>
    new ExitError(`acme_hosts: ${JSON.stringify(text)} ${why}`, 1, { hint });
  if (text.includes('*'))
    throw refuse(
      'is a wildcard, which only a record in DNS can prove',
      'name each host, or use a certificate from another tool: tls_cert_file and tls_key_file',
    );
  if (isIP(text.replace(/^\[|\]$/g, '')) !== 0)
    throw refuse('is an address', 'name a host; DNS leads from it to this server');
  // It would drop some characters silently.
  const host = /[\s\p{Cc}]/u.test(text) ? '' : domainToASCII(text.replace(/\.$/, '')).toLowerCase();
  const fits = host !== '' && host.length <= hostCharsMax && host.split('.').every((part) => label.test(part));
  if (!fits || isIP(host) !== 0) throw refuse('is no host name', 'a name alone, without scheme, port or path');
  return host;
};

const directoryOf = (text: string | undefined): string => {
  const given = text === undefined || text === '' ? defaultDirectory : text;
  const url = URL.parse(given);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw new ExitError(`acme_directory: ${JSON.stringify(given)} is no https URL`, 1, {
      hint: `the default is ${defaultDirectory}`,
    });
  return url.href;
};

const emailOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return undefined;
  if (!/^[^\s@,?<>]+@[^\s@,?<>]+$/.test(text))
    throw new ExitError(`acme_email: ${JSON.stringify(text)} is no e-mail address`, 1, { hint: 'it may be left out' });
  return text;
};

const readCa = (file: string): string => {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ExitError(`acme_ca_file: ${why}`, 1, { cause });
  }
  throw new ExitError(`acme_ca_file: ${file} holds no certificate in PEM`, 1);
};
