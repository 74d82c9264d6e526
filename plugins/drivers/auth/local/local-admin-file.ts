/** Keeps the local-admin credential fresh: a short-lived admin token in a file that only this user may read. Owns the file and its renewal. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeSecret } from '../../../../internal/auth/write-secret.ts';
import type { Account } from '../../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { localAdminRenewMs, localAdminTtlMs } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';

export interface LocalAdminFile {
  /** Resolves when the first credential is written; renews it until stop. */
  start(): Promise<void>;
  /** Writes a new credential now; a failure is logged, since the next renewal comes by itself. */
  renew(): Promise<void>;
  /** Ends the renewal and removes the file. */
  stop(): Promise<void>;
}

/** Whose credential it is: the admin of namespace `micro`, whether or not that account is stored. */
export const localAdminAccount: Account = {
  id: 'admin',
  type: 'user',
  issuer: defaultNamespace,
  metadata: {},
  scopes: ['admin'],
  name: 'admin',
};

export interface LocalAdminOptions {
  readonly folder: string;
  readonly log: Logger;
  readonly now: () => number;
  /** A token for localAdminAccount until `expiry` (unix seconds). */
  issue(expiry: number): Promise<string>;
}

export const createLocalAdminFile = (o: LocalAdminOptions): LocalAdminFile => {
  const file = join(o.folder, 'local-admin');
  const ending = new AbortController();
  let renewal: Promise<void> | undefined;
  return {
    async start() {
      await writeCredential(o, file);
      renewal = renew(o, file, ending.signal);
    },
    renew: () => renewNow(o, file),
    async stop() {
      ending.abort();
      await renewal;
      if (renewal !== undefined) await rm(file, { force: true });
      renewal = undefined;
    },
  };
};

const renew = async (o: LocalAdminOptions, file: string, signal: AbortSignal): Promise<void> => {
  while (await slept(localAdminRenewMs, signal)) await renewNow(o, file);
};

const renewNow = async (o: LocalAdminOptions, file: string): Promise<void> => {
  try {
    await writeCredential(o, file);
  } catch (e) {
    o.log.warn('local-admin credential not renewed', { file, error: e instanceof Error ? e.message : String(e) });
  }
};

/** False when the signal ended the sleep. */
const slept = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, undefined, { signal, ref: false }).then(
    () => true,
    () => false,
  );

const writeCredential = async (o: LocalAdminOptions, file: string): Promise<void> => {
  const expiry = Math.floor((o.now() + localAdminTtlMs) / 1_000);
  await writeSecret(file, JSON.stringify({ token: await o.issue(expiry), expiry }));
};
