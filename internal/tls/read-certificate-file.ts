/** The text of a PEM file that a user has named, bounded. Says what is wrong; what that means is the reader's to word. */

import { readFile, stat } from 'node:fs/promises';

import { certificateFileBytesMax } from '../contract/limits.ts';

/** Rejects with what the system says, or when the file is larger than certificateFileBytesMax. */
export const readCertificateFile = async (file: string): Promise<string> => {
  const { size } = await stat(file);
  if (size > certificateFileBytesMax)
    throw new Error(`it is larger than certificateFileBytesMax (${certificateFileBytesMax})`);
  return readFile(file, 'utf8');
};
