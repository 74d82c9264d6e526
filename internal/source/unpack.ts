/**
 * Unpacks an uploaded archive, tar or tar.gz by its first bytes. Every byte is hostile: only plain files and folders with harmless names,
 * within the caps, and nothing is there until all of it is. Refusals name the entry.
 */

import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';

import { badRequest, isMicroError } from '../contract/error.ts';
import { archiveDepthMax, archiveEntriesMax, unpackedBytesMax } from '../contract/limits.ts';
import { plainTar } from './plain-tar.ts';

const id = 'runtime.Source.Upload';

export interface Unpacked {
  /** Folder with the files, in `parent`; the caller moves or removes it. */
  readonly folder: string;
  /** Lower-case hex SHA-256 over paths, executable bits and contents; times do not count. */
  readonly contentId: string;
}

/** Makes a new folder in `parent`. On any fault nothing is left behind and badRequest is thrown. */
export const unpack = async (chunks: AsyncIterable<Uint8Array>, parent: string): Promise<Unpacked> => {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(parent, '.unpack-'));
  try {
    return { folder, contentId: await extract(chunks, folder) };
  } catch (e) {
    rmSync(folder, { recursive: true, force: true });
    if (isMicroError(e)) throw e;
    const code = (e as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EACCES') throw e;
    throw badRequest(id, `the archive is damaged: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
};

/** Puts an unpacked folder to its place; when the place is taken, what is there stays (it has the same content id). */
export const settle = async (unpacked: Unpacked, place: string): Promise<void> => {
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  try {
    await rename(unpacked.folder, place);
  } catch (e) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((e as NodeJS.ErrnoException).code ?? '')) throw e;
    rmSync(unpacked.folder, { recursive: true, force: true });
  }
};

interface Extraction {
  readonly folder: string;
  readonly paths: Set<string>;
  readonly lines: string[];
  bytes: number;
  entries: number;
}

const extract = async (chunks: AsyncIterable<Uint8Array>, folder: string): Promise<string> => {
  const x: Extraction = { folder, paths: new Set(), lines: [], bytes: 0, entries: 0 };
  let failure: unknown;
  const writes: Promise<void>[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      if (failure !== undefined) {
        entry.resume();
        return;
      }
      const write = take(x, entry).catch((e: unknown) => {
        failure ??= e;
        entry.resume();
      });
      writes.push(write);
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', () => resolve());
    parser.on('error', reject);
  });
  // feed() may throw first; the rejection is then the same fault told twice.
  ended.catch(() => {});
  try {
    await feed(parser, chunks, { ended, failed: () => failure });
    await Promise.all(writes);
  } catch (e) {
    // A refused entry also breaks what follows it; the refusal is the reason.
    throw failure ?? e;
  }
  if (failure !== undefined) throw failure;
  if (x.lines.length === 0) throw badRequest(id, 'the archive has no files');
  return createHash('sha256').update(x.lines.sort().join('')).digest('hex');
};

const feed = async (
  parser: Parser,
  chunks: AsyncIterable<Uint8Array>,
  o: { readonly ended: Promise<void>; failed(): unknown },
): Promise<void> => {
  // What stands behind the end mark is padding. The parser would gather it; we only read on, up to the cap.
  let ended = false;
  parser.once('eof', () => {
    ended = true;
  });
  for await (const chunk of plainTar(chunks)) {
    if (o.failed() !== undefined) return;
    if (ended) continue;
    if (!parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) await drained(parser, o.ended);
  }
  parser.end();
  await o.ended;
};

const drained = (parser: Parser, ended: Promise<void>): Promise<void> =>
  Promise.race([new Promise<void>((resolve) => parser.once('drain', resolve)), ended]);

const take = async (x: Extraction, entry: ReadEntry): Promise<void> => {
  const path = checkName(entry.path);
  x.entries += 1;
  if (x.entries > archiveEntriesMax)
    throw badRequest(id, `the archive has more entries than archiveEntriesMax (${archiveEntriesMax})`);
  switch (entry.type) {
    case 'Directory':
      makeFolder(x, path);
      entry.resume();
      return;
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return writeFile(x, entry, path);
    default:
      throw badRequest(id, `${entry.path}: only files and folders are allowed, this is a ${entry.type}`);
  }
};

const writeFile = async (x: Extraction, entry: ReadEntry, path: string): Promise<void> => {
  if (path === '') throw badRequest(id, 'an entry has no name');
  if (x.paths.has(path)) throw badRequest(id, `${path}: is in the archive twice`);
  x.paths.add(path);
  x.bytes += entry.size;
  if (x.bytes > unpackedBytesMax)
    throw badRequest(id, `the archive unpacks to more than unpackedBytesMax (${unpackedBytesMax} bytes)`);
  makeFolder(x, dirname(path));
  const executable = ((entry.mode ?? 0) & 0o100) !== 0;
  const hash = createHash('sha256');
  const tee = async function* (): AsyncIterable<Buffer> {
    for await (const chunk of entry) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  };
  const file = createWriteStream(join(x.folder, path), { flags: 'wx', mode: executable ? 0o755 : 0o644 });
  await pipeline(tee, file).catch((e: unknown) => {
    throw both(e, path);
  });
  x.lines.push(`${path}\0${executable ? 'x' : '-'}\0${hash.digest('hex')}\n`);
};

const makeFolder = (x: Extraction, path: string): void => {
  try {
    mkdirSync(join(x.folder, path), { recursive: true, mode: 0o755 });
  } catch (e) {
    throw both(e, path);
  }
};

/** What the file system says when a name is taken by the other kind, in words. */
const both = (e: unknown, path: string): unknown =>
  ['EEXIST', 'ENOTDIR', 'EISDIR'].includes((e as NodeJS.ErrnoException).code ?? '')
    ? badRequest(id, `${path}: is a file and a folder in one archive`, { cause: e })
    : e;

/** The entry's name as a relative path. Odd names are refused, never repaired; only a leading `./` and a trailing `/` are the tar format's own. */
const checkName = (name: string): string => {
  const path = name.replace(/^(\.\/)+/, '').replace(/\/$/, '');
  if (path === '' || path === '.') return '';
  const parts = path.split('/');
  if (/[\0\\]/.test(path) || /^[A-Za-z]:/.test(path) || path.startsWith('/'))
    throw badRequest(id, `${JSON.stringify(name)}: not a relative path`);
  if (parts.some((p) => p === '..' || p === '.' || p === ''))
    throw badRequest(id, `${JSON.stringify(name)}: leads outside the archive or is not plain`);
  if (parts.length > archiveDepthMax)
    throw badRequest(id, `${name.slice(0, 80)}: nested deeper than archiveDepthMax (${archiveDepthMax})`);
  if (parts.some((p) => Buffer.byteLength(p) > 255))
    throw badRequest(id, `${name.slice(0, 80)}…: a part of the name is longer than 255 bytes`);
  return path;
};
