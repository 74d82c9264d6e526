/** Writes a file that only its owner may read, whole or not at all. Owns no names; used for keys and credentials. */

import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

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
  } catch (e) {
    await rm(aside, { force: true });
    throw e;
  }
};
