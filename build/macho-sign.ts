/**
 * Signs a 64-bit Mach-O executable ad hoc, as a linker does: Macs with Apple's processors run nothing unsigned. Replaces the signature
 * that is there. Owns the layout of that signature; proves nobody's identity.
 */

import { createHash } from 'node:crypto';

const magic64 = 0xfeedfacf;
const segmentCommand = 0x19;
const signatureCommand = 0x1d;
/** Bytes of the Mach-O header before the first load command, and of the command that names the signature's place. */
const headerBytes = 32;
const signatureBytes = 16;

const superBlobMagic = 0xfade0cc0;
const codeDirectoryMagic = 0xfade0c02;
/** The first version that knows the executable segment. */
const codeDirectoryVersion = 0x20400;
const codeDirectoryBytes = 88;
/** Ad hoc, and made by a linker: replaced by any later signing without a question. */
const signatureFlags = 0x2 | 0x20000;
const hashBytes = 32;
const sha256Type = 2;
const pageBits = 12;
const pageBytes = 1 << pageBits;
/** The larger of the two architectures' pages: a segment in memory ends at one. */
const memoryPageBytes = 0x4000;
const isMainBinary = 1n;

interface Layout {
  /** Offsets of load commands in the file. */
  readonly text: number;
  readonly linkEdit: number;
  readonly signature: number;
}

/** The file with a new signature at its end. Throws when it is no 64-bit Mach-O file or has parts behind the last segment. */
export const signMachO = (file: Uint8Array, identifier: string): Uint8Array => {
  const before = Buffer.from(file);
  const layout = layoutOf(before);
  const place = layout.signature === 0 ? undefined : before.readUInt32LE(layout.signature + 8);
  const linkEditStart = Number(before.readBigUInt64LE(layout.linkEdit + 40));
  const linkEditEnd = linkEditStart + Number(before.readBigUInt64LE(layout.linkEdit + 48));
  const codeBytes = align(place ?? linkEditEnd, 16);
  if (codeBytes < linkEditStart || linkEditEnd < (place ?? 0))
    throw new Error('the old signature is not in __LINKEDIT');
  const slots = Math.ceil(codeBytes / pageBytes);
  const signature = align(20 + codeDirectoryBytes + identifier.length + 1 + slots * hashBytes, 16);
  const signed = Buffer.alloc(codeBytes + signature);
  before.copy(signed, 0, 0, Math.min(before.length, codeBytes));
  const command = layout.signature === 0 ? addCommand(signed) : layout.signature;
  signed.writeUInt32LE(codeBytes, command + 8);
  signed.writeUInt32LE(signature, command + 12);
  const linkEditBytes = codeBytes + signature - linkEditStart;
  signed.writeBigUInt64LE(BigInt(linkEditBytes), layout.linkEdit + 48);
  signed.writeBigUInt64LE(BigInt(align(linkEditBytes, memoryPageBytes)), layout.linkEdit + 32);
  const text = { start: signed.readBigUInt64LE(layout.text + 40), bytes: signed.readBigUInt64LE(layout.text + 48) };
  writeSignature(signed, { codeBytes, slots, identifier, text });
  return signed;
};

const align = (n: number, to: number): number => Math.ceil(n / to) * to;

const layoutOf = (file: Buffer): Layout => {
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic64) throw new Error('not a 64-bit Mach-O file');
  const found = { text: 0, linkEdit: 0, signature: 0, last: 0n };
  let at = headerBytes;
  for (let n = file.readUInt32LE(16); n > 0; n--) {
    const command = file.readUInt32LE(at);
    if (command === signatureCommand) found.signature = at;
    if (command === segmentCommand) {
      const name = file.toString('latin1', at + 8, at + 24).replace(/\0.*$/s, '');
      if (name === '__TEXT') found.text = at;
      if (name === '__LINKEDIT') found.linkEdit = at;
      else if (file.readBigUInt64LE(at + 40) > found.last) found.last = file.readBigUInt64LE(at + 40);
    }
    at += file.readUInt32LE(at + 4);
  }
  if (found.text === 0 || found.linkEdit === 0) throw new Error('no __TEXT or no __LINKEDIT segment');
  if (file.readBigUInt64LE(found.linkEdit + 40) < found.last) throw new Error('__LINKEDIT is not the last segment');
  return found;
};

/** Appends an empty signature command behind the load commands; there is room up to the first section. */
const addCommand = (file: Buffer): number => {
  const count = file.readUInt32LE(16);
  const bytes = file.readUInt32LE(20);
  const at = headerBytes + bytes;
  if (file.subarray(at, at + signatureBytes).some((byte) => byte !== 0)) throw new Error('no room for a load command');
  file.writeUInt32LE(signatureCommand, at);
  file.writeUInt32LE(signatureBytes, at + 4);
  file.writeUInt32LE(count + 1, 16);
  file.writeUInt32LE(bytes + signatureBytes, 20);
  return at;
};

interface SignatureParts {
  /** What is hashed: everything before the signature. */
  readonly codeBytes: number;
  readonly slots: number;
  readonly identifier: string;
  readonly text: { readonly start: bigint; readonly bytes: bigint };
}

/** One super blob with one code directory: big-endian, whatever the processor. */
const writeSignature = (file: Buffer, o: SignatureParts): void => {
  const hashOffset = codeDirectoryBytes + o.identifier.length + 1;
  const directoryBytes = hashOffset + o.slots * hashBytes;
  const blob = file.subarray(o.codeBytes);
  for (const [index, word] of [superBlobMagic, 20 + directoryBytes, 1, 0, 20].entries())
    blob.writeUInt32BE(word, index * 4);
  const directory = blob.subarray(20);
  const head = [
    codeDirectoryMagic,
    directoryBytes,
    codeDirectoryVersion,
    signatureFlags,
    hashOffset,
    codeDirectoryBytes,
  ];
  for (const [index, word] of [...head, 0, o.slots, o.codeBytes].entries()) directory.writeUInt32BE(word, index * 4);
  directory.set([hashBytes, sha256Type, 0, pageBits], 36);
  directory.writeBigUInt64BE(o.text.start, 64);
  directory.writeBigUInt64BE(o.text.bytes, 72);
  directory.writeBigUInt64BE(isMainBinary, 80);
  directory.write(`${o.identifier}\0`, codeDirectoryBytes, 'latin1');
  for (let slot = 0; slot < o.slots; slot++) {
    const page = file.subarray(slot * pageBytes, Math.min((slot + 1) * pageBytes, o.codeBytes));
    directory.set(createHash('sha256').update(page).digest(), hashOffset + slot * hashBytes);
  }
};
