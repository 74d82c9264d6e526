/** The settings of a listener that speaks TLS, under v3's names (wire.md 3.3, 6.1); ours in addition: tls_client_auth, tls_hosts and what ACME may need. */

import { type FieldSpecs, fields, type Values } from './field.ts';

/** Each listener has them under variables of its own: `MICRO_PROXY` gives MICRO_PROXY_ENABLE_TLS. */
export const tlsSettings = <P extends string>(prefix: P) =>
  fields({
    enable_tls: {
      type: 'bool',
      doc: 'Speak TLS, with the certificate of tls_cert_file, else one made here and kept',
      env: `${prefix}_ENABLE_TLS`,
      default: false,
    },
    tls_cert_file: {
      type: 'string',
      doc: 'Certificate as PEM, with those that lead to its authority behind it; read again when it changes',
      env: `${prefix}_TLS_CERT_FILE`,
    },
    tls_key_file: {
      type: 'string',
      doc: 'Private key of the certificate as PEM',
      env: `${prefix}_TLS_KEY_FILE`,
    },
    tls_client_ca_file: {
      type: 'string',
      doc: 'Who signs the certificates of clients, as PEM; they then need one',
      env: `${prefix}_TLS_CLIENT_CA_FILE`,
    },
    tls_client_auth: {
      type: 'enum',
      values: ['required', 'optional'],
      doc: 'Whether clients must show a certificate when tls_client_ca_file is set',
      env: `${prefix}_TLS_CLIENT_AUTH`,
      default: 'required',
    },
    tls_hosts: {
      type: 'string',
      list: true,
      doc: 'Names and addresses that a certificate made here is for, besides those of this machine',
      env: `${prefix}_TLS_HOSTS`,
    },
    enable_acme: {
      type: 'bool',
      doc: 'Speak TLS with a certificate that is got and renewed by ACME',
      env: `${prefix}_ENABLE_ACME`,
      default: false,
    },
    acme_hosts: {
      type: 'string',
      list: true,
      doc: 'Host names of that certificate',
      env: `${prefix}_ACME_HOSTS`,
    },
    acme_provider: {
      type: 'string',
      doc: 'How names are proved: autocert answers on this port',
      env: `${prefix}_ACME_PROVIDER`,
      default: 'autocert',
    },
    acme_directory: {
      type: 'string',
      doc: "The authority's directory: defaults to that of Let's Encrypt",
      env: `${prefix}_ACME_DIRECTORY`,
    },
    acme_email: {
      type: 'string',
      doc: 'Where the authority may write to',
      env: `${prefix}_ACME_EMAIL`,
    },
    acme_ca_file: {
      type: 'string',
      doc: "Who signs the authority's own certificate, as PEM; for authorities of one's own",
      env: `${prefix}_ACME_CA_FILE`,
    },
  });

export type TlsSettings = Values<ReturnType<typeof tlsSettings>>;

/** The same as flags of a command that starts one listener: nothing is set by them that was not given. */
export const tlsFlags: FieldSpecs = Object.fromEntries(
  Object.entries(tlsSettings('')).map(([name, { type, doc, ...rest }]) => [
    name,
    { type, doc, ...('values' in rest ? { values: rest.values } : {}), ...('list' in rest ? { list: true } : {}) },
  ]),
);
