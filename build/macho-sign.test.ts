/** The ad-hoc signature, read back by a parser that shares nothing with the signer; on a file made for it, and on the Mac executables in dist/ when they were made. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { signMachO } from './macho-sign.ts';

const test = suite('build: macho-sign');

/** __TEXT, then __LINKEDIT with `linkEdit` bytes, the last `oldSignature` of them an old signature (none when 0). */
const machO = (linkEdit: number, oldSignature: number): Buffer => {
  const textBytes = 0x8000;
  const file = Buffer.alloc(textBytes + linkEdit, 7);
  file.fill(0, 0, 512);
  const commands: Buffer[] = [segment('__TEXT', 0, textBytes), segment('__LINKEDIT', textBytes, linkEdit)];
  if (oldSignature > 0) {
    const command = Buffer.alloc(16);
    for (const [i, word] of [0x1d, 16, textBytes + linkEdit - oldSignature, oldSignature].entries())
      command.writeUInt32LE(word, i * 4);
    commands.push(command);
  }
  const all = Buffer.concat(commands);
  for (const [i, word] of [0xfeedfacf, 0x0100000c, 0, 2, commands.length, all.length].entries())
    file.writeUInt32LE(word, i * 4);
  all.copy(file, 32);
  return file;
};

const segment = (name: string, start: number, bytes: number): Buffer => {
  const command = Buffer.alloc(72);
  command.writeUInt32LE(0x19, 0);
  command.writeUInt32LE(72, 4);
  command.write(name, 8, 'latin1');
  command.writeBigUInt64LE(BigInt(0x100000000 + start), 24);
  command.writeBigUInt64LE(BigInt(bytes), 32);
  command.writeBigUInt64LE(BigInt(start), 40);
  command.writeBigUInt64LE(BigInt(bytes), 48);
  return command;
};

/** What a Mac's loader checks before it runs a file. */
const verify = (file: Buffer): { readonly identifier: string; readonly flags: number } => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let signature: [number, number] | undefined;
  let linkEditEnd = 0;
  for (let at = 32, n = view.getUint32(16, true); n > 0; at += view.getUint32(at + 4, true), n--) {
    if (view.getUint32(at, true) === 0x1d) signature = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    const name = file.toString('latin1', at + 8, at + 18);
    if (view.getUint32(at, true) === 0x19 && name === '__LINKEDIT')
      linkEditEnd = Number(view.getBigUint64(at + 40, true) + view.getBigUint64(at + 48, true));
  }
  assert.ok(signature, 'a signature command');
  const [start, bytes] = signature as [number, number];
  assert.is(start % 16, 0);
  assert.is(start + bytes, file.length, 'nothing behind the signature');
  assert.is(linkEditEnd, file.length, 'the signature is part of __LINKEDIT');
  assert.is(view.getUint32(start), 0xfade0cc0);
  assert.ok(view.getUint32(start + 4) <= bytes);
  assert.is(view.getUint32(start + 12), 0, 'the first slot is the code directory');
  const directory = start + view.getUint32(start + 16);
  const word = (index: number): number => view.getUint32(directory + index * 4);
  assert.is(word(0), 0xfade0c02);
  assert.is(word(8), start, 'hashed up to the signature');
  assert.equal([...file.subarray(directory + 36, directory + 40)], [32, 2, 0, 12]);
  const slots = word(7);
  assert.is(slots, Math.ceil(start / 4096));
  for (let slot = 0; slot < slots; slot++) {
    const page = file.subarray(slot * 4096, Math.min(slot * 4096 + 4096, start));
    const at = directory + word(4) + slot * 32;
    const kept = file.subarray(at, at + 32);
    if (!kept.equals(createHash('sha256').update(page).digest())) throw new Error(`page ${slot} has another hash`);
  }
  const name = directory + word(5);
  return { identifier: file.toString('latin1', name, file.indexOf(0, name)), flags: word(3) };
};

test('an unsigned file is signed', () => {
  const signed = Buffer.from(signMachO(machO(10_001, 0), 'micro'));
  assert.equal(verify(signed), { identifier: 'micro', flags: 0x20002 });
});

test('an old signature is replaced, also by a shorter one', () => {
  for (const old of [16, 9_600]) verify(Buffer.from(signMachO(machO(12_000, old), 'micro')));
});

test('signing twice gives the same file', () => {
  const once = signMachO(machO(12_000, 4_800), 'micro');
  assert.ok(Buffer.from(signMachO(once, 'micro')).equals(Buffer.from(once)));
});

test('the check sees a changed byte', () => {
  const signed = Buffer.from(signMachO(machO(10_001, 0), 'micro'));
  signed[0x6000] = 8;
  assert.throws(() => verify(signed), /page 6/);
});

test('what is no Mach-O file is refused', () => {
  assert.throws(() => signMachO(Buffer.from('\x7fELF'), 'micro'), /not a 64-bit Mach-O/);
});

for (const name of ['micro-darwin-x64', 'micro-darwin-arm64']) {
  const file = join(import.meta.dirname, '..', 'dist', name);
  if (existsSync(file)) test(`dist/${name} has a valid signature`, () => void verify(readFileSync(file)));
  else process.stdout.write(`SKIP the signature of ${name}: npm run package -- --all has not made it\n`);
}

test.run();
