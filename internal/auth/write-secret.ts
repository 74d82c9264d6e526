/** Writes a file that only its owner may read, whole or not at all. Owns no names; used for keys and credentials. */

import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Else a power cut may bring back the older file, or keep of two written in turn only the later one. */
const syncFolder = async (folder: string): Promise<void> => {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (e) {
    // Some network file systems cannot; there is nothing better to do there.
    if (!(e instanceof Error && 'code' in e && (e.code === 'EINVAL' || e.code === 'ENOTSUP'))) throw e;
  } finally {
    await handle.close();
  }
};

const asidePattern = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Removes what writes that were cut short have left in a folder. For its owner, before he writes anything. */
export const sweepSecrets = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) if (asidePattern.test(name)) await rm(join(folder, name), { force: true });
};

/** Written aside with mode 0600, flushed and renamed, so that a crash never leaves half a secret. */
export const writeSecret = async (file: string, text: string): Promise<void> => {
  const aside = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
    await syncFolder(dirname(file));
  } catch (e) {
    await rm(aside, { force: true });
    throw e;
  }
};
