/** Certificates that answer running tls-alpn-01 challenges, by host name. All listeners of a server share one table: the authority calls one of them, whoever ordered. */

import type { KeyAndCertificate } from '../certificate-source.ts';

export interface Challenges {
  /** For the name a client hello carries, in any case. */
  find(serverName: string): KeyAndCertificate | undefined;
  put(host: string, pair: KeyAndCertificate): void;
  remove(host: string): void;
}

export const createChallenges = (): Challenges => {
  const running = new Map<string, KeyAndCertificate>();
  return {
    find: (serverName) => running.get(serverName.toLowerCase()),
    put: (host, pair) => void running.set(host, pair),
    remove: (host) => void running.delete(host),
  };
};
