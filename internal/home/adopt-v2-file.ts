/** v2 had its settings in a file `~/.micro`, where v3 has a folder: that file becomes its config.json (cli.md 1.2). Keeps the text as it is. */

import { randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Whether there is something else to read now; false, and nothing touched, when no plain file stands in the way. */
export const adoptV2File = (folder: string): boolean => {
  // Until the last step the file is to be found beside its old place.
  const aside = `${folder}-v2-${randomUUID()}`;
  try {
    if (!lstatSync(folder).isFile()) return false;
    mkdirSync(aside, { mode: 0o700 });
    renameSync(folder, join(aside, 'config.json'));
    renameSync(aside, folder);
    return true;
  } catch (e) {
    if (!(e instanceof Error && 'code' in e && e.code === 'ENOENT')) throw e;
    // Another process does the same and has taken the file.
    rmSync(aside, { recursive: true, force: true });
    return true;
  }
};
