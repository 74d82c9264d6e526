/** The account of a server with one authority: a key made here, and the URL the authority gave it. Stored before it is used, so that a crash makes no second one. */

import { generateKeyPairSync } from 'node:crypto';

import type { Logger } from '../../contract/logger.ts';
import { printable } from './ca-error.ts';
import type { AcmeAccount, AcmeFiles } from './stored.ts';

export interface Account {
  readonly account: AcmeAccount;
  /** Stores what the authority told; never rejects, since the key is what counts and finds its account again. */
  readonly keepAccount: (account: AcmeAccount) => Promise<void>;
}

/** Rejects when a new key cannot be stored. */
export const accountOf = async (files: AcmeFiles, log: Logger): Promise<Account> => {
  const keepAccount = (account: AcmeAccount): Promise<void> =>
    files.keepAccount(account).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      log.warn('the account with the authority cannot be stored', { folder: files.folder, error: printable(words) });
    });
  const stored = await files.account();
  if (stored.state === 'whole') return { account: stored.value, keepAccount };
  if (stored.state === 'damaged')
    log.warn('the stored account cannot be used: a new one is made', { reason: printable(stored.reason) });
  const account = { key: newKey(), url: undefined };
  await files.keepAccount(account);
  return { account, keepAccount };
};

const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
