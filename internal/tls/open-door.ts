/** A listener's door from its settings: certificates, the authority of clients, and what people are told about it. Whoever opens it closes it, before the listener. */

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { ExitError } from '../contract/error.ts';
import { isLoopbackHost } from '../contract/loopback.ts';
import type { TlsSettings } from '../contract/tls-settings.ts';
import { fingerprintOf } from './fingerprint.ts';
import { openCertificates, type OpenCertificatesOptions } from './open-certificates.ts';
import { createTlsDoor, type TlsDoor, type TlsDoorOptions } from './tls-door.ts';

export type OpenDoorOptions = OpenCertificatesOptions & Pick<TlsDoorOptions, 'protocols' | 'refusal'>;

export interface OpenedDoor {
  readonly door: TlsDoor;
  /** Name or address that other machines may call it by. */
  readonly host: string;
  /** Set when no authority vouches for the certificate. */
  readonly fingerprint?: string;
  /** Safe twice. */
  close(): Promise<void>;
}

/** Rejects with ExitError when a file is missing or does not fit; nothing is left open then. */
export const openTlsDoor = async (o: OpenDoorOptions): Promise<OpenedDoor> => {
  const clients = await clientsOf(o.settings);
  const { source, selfSigned } = await openCertificates(o);
  try {
    const door = createTlsDoor({ ...o, certificates: source, clients });
    const certificate = new X509Certificate(source.current().cert);
    return {
      door,
      host: calledBy(o, certificate),
      ...(selfSigned ? { fingerprint: fingerprintOf(certificate) } : {}),
      close: async () => {
        door.close();
        await source.close();
      },
    };
  } catch (e) {
    await source.close();
    throw e;
  }
};

const clientsOf = async (settings: TlsSettings): Promise<TlsDoorOptions['clients']> => {
  const file = settings.tls_client_ca_file;
  if (file === undefined) return undefined;
  const ca = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ExitError(`tls_client_ca_file: ${reason}`, 1, { cause });
  });
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new ExitError(`tls_client_ca_file: ${file} holds no certificate`, 1, {
      cause,
      hint: 'PEM is expected: a text with BEGIN and END lines',
    });
  }
  return { ca, required: settings.tls_client_auth === 'required' };
};

/** What the settings name, else what the certificate is for, else the address, else this machine's name. */
const calledBy = ({ settings, bindHost }: OpenDoorOptions, certificate: X509Certificate): string => {
  const [told] = [...(settings.enable_acme ? settings.acme_hosts : []), ...settings.tls_hosts];
  if (told !== undefined) return told;
  if (settings.tls_cert_file !== undefined) {
    const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^\s,"*]+)/g)].map(
      ([, name]) => name as string,
    );
    const named = names.find((name) => !isLoopbackHost(name));
    if (named !== undefined) return named;
  }
  return bindHost === '' || bindHost === '0.0.0.0' || bindHost === '::' ? hostname() : bindHost;
};
