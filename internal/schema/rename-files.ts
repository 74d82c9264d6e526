/** Gives descriptor files other names without touching anything else in them: those of several services in one set must not stand for each other. */

import { type DescriptorFile, descriptorFile } from './descriptor-file.ts';
import { openReader } from './wire-read.ts';

/** FileDescriptorProto.name and .dependency. */
const nameField = 1;
const dependencyField = 3;

/** The files under new names, in their imports as well; the rest of the bytes, also what we know nothing of, stays. */
export const renameFiles = (
  files: readonly DescriptorFile[],
  nameOf: (name: string) => string,
): readonly DescriptorFile[] => files.map(({ bytes }) => descriptorFile(renamed(bytes, nameOf)));

const renamed = (bytes: Uint8Array, nameOf: (name: string) => string): Uint8Array => {
  const reader = openReader(bytes, 'google.protobuf.FileDescriptorProto');
  const parts: Uint8Array[] = [];
  while (!reader.ended()) {
    const start = reader.at();
    const tag = Number(reader.varint());
    const id = Math.floor(tag / 8);
    if (tag % 8 === 2 && (id === nameField || id === dependencyField)) {
      const text = Buffer.from(nameOf(Buffer.from(reader.bytes()).toString('utf8')));
      parts.push(Uint8Array.of(tag), lengthOf(text.length), text);
    } else {
      reader.skip(tag % 8, id);
      parts.push(bytes.subarray(start, reader.at()));
    }
  }
  return Buffer.concat(parts);
};

const lengthOf = (length: number): Uint8Array => {
  const bytes: number[] = [];
  let left = length;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, left);
};
