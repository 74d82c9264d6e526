/**
 * Descriptors kept in the registry, for servers without reflection: base64 of gzip of the files, in the version's metadata. Bounded both ways,
 * since every reader of the registry carries them and anybody may have written them.
 */

import { gunzipSync, gzipSync } from 'node:zlib';

import { badRequest } from '../contract/error.ts';
import { descriptorFilesMax, descriptorSetBytesMax, registeredFilesCharsMax } from '../contract/limits.ts';
import { type DescriptorFile, descriptorFile } from './descriptor-file.ts';

/** The metadata key. */
export const filesKey = 'descriptors';

/** The text to register. Throws badRequest when it is over registeredFilesCharsMax. */
export const filesText = (files: readonly DescriptorFile[]): string => {
  const parts = files.flatMap(({ bytes }) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(bytes.length);
    return [head, bytes];
  });
  const text = gzipSync(Buffer.concat(parts), { level: 9 }).toString('base64');
  if (text.length > registeredFilesCharsMax)
    throw badRequest(
      'descriptor',
      `the proto files take ${text.length} characters, over registeredFilesCharsMax (${registeredFilesCharsMax})`,
      {
        hint: 'let the server answer reflection instead, or name fewer files',
      },
    );
  return text;
};

/** The files of the first metadata that holds any; undefined for none. Throws badRequest for a text that is none. */
export const registeredFiles = (
  metadata: readonly Readonly<Record<string, string>>[],
): readonly DescriptorFile[] | undefined => {
  const text = metadata.map((m) => m[filesKey]).find((t) => t !== undefined && t !== '');
  return text === undefined ? undefined : filesOf(text);
};

const filesOf = (text: string): readonly DescriptorFile[] => {
  if (text.length > registeredFilesCharsMax) throw bad(`over registeredFilesCharsMax (${registeredFilesCharsMax})`);
  let all: Buffer;
  try {
    all = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: descriptorSetBytesMax });
  } catch (cause) {
    throw bad('not gzip within descriptorSetBytesMax', cause);
  }
  const files: DescriptorFile[] = [];
  for (let at = 0; at < all.length; ) {
    const end = at + 4 + (at + 4 <= all.length ? all.readUInt32BE(at) : all.length);
    if (end > all.length) throw bad('cut off');
    if (files.length === descriptorFilesMax) throw bad(`more than descriptorFilesMax (${descriptorFilesMax}) files`);
    files.push(descriptorFile(all.subarray(at + 4, end)));
    at = end;
  }
  return files;
};

const bad = (why: string, cause?: unknown): Error =>
  badRequest('descriptor', `the registered descriptors are unusable: ${why}`, { cause });
