/** Packs a folder as a stream of tar.gz: what the ignore rules leave, within the caps, links resolved only inside the folder. Reads only. */

import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { create } from 'tar';

import { badRequest } from '../contract/error.ts';
import { archiveDepthMax, archiveEntriesMax, unpackedBytesMax } from '../contract/limits.ts';
import { type IgnoreRules, ignoreRules } from './ignore-rules.ts';

const id = 'micro.source';

/** Files of the folder as they would go up: relative paths with `/`, in order. Throws badRequest that names the cap or the link. */
export const filesOf = (root: string): readonly string[] => {
  const walk: Walk = { root, files: [], bytes: 0 };
  visit(walk, '', ignoreRules(root), 0);
  return walk.files;
};

/** The archive in chunks; the same files give the same entries in the same order. */
export async function* pack(root: string): AsyncIterable<Uint8Array> {
  const files = filesOf(root);
  if (files.length === 0) throw badRequest(id, `nothing to upload: ${root} has no files that are not ignored`);
  const stream = create(
    { gzip: { level: 6 }, cwd: root, portable: true, follow: true, noDirRecurse: true, mtime: new Date(0) },
    // A leading @ would be read as an archive to include.
    files.map((f) => (f.startsWith('@') ? `./${f}` : f)),
  );
  for await (const chunk of stream) yield chunk as Uint8Array;
}

interface Walk {
  readonly root: string;
  readonly files: string[];
  bytes: number;
}

const visit = (walk: Walk, folder: string, rules: IgnoreRules, depth: number): void => {
  if (depth > archiveDepthMax)
    throw badRequest(id, `${folder}: folders are nested deeper than archiveDepthMax (${archiveDepthMax})`);
  const entries = readdirSync(join(walk.root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (rules.ignores(path, entry.isDirectory())) continue;
    if (entry.isDirectory()) visit(walk, path, rules.enter(path), depth + 1);
    else if (entry.isFile() || entry.isSymbolicLink()) addFile(walk, path, entry.isSymbolicLink());
  }
};

const addFile = (walk: Walk, path: string, isLink: boolean): void => {
  const full = join(walk.root, path);
  if (isLink && !staysInside(walk.root, full)) {
    throw badRequest(
      id,
      `${path} is a link that leads outside the folder or nowhere; leave it out with a line in .microignore`,
    );
  }
  const info = statSync(full);
  if (!info.isFile())
    throw badRequest(id, `${path} is a link to a folder, and archives hold files only`, {
      hint: 'leave it out with a line in .microignore; dependencies must be installed as folders (npm does, pnpm links)',
    });
  walk.files.push(path);
  walk.bytes += info.size;
  const hint = 'leave out what the service does not need with a .microignore';
  if (walk.files.length > archiveEntriesMax)
    throw badRequest(id, `more files than archiveEntriesMax (${archiveEntriesMax})`, { hint });
  if (walk.bytes > unpackedBytesMax)
    throw badRequest(id, `more bytes than unpackedBytesMax (${unpackedBytesMax})`, { hint });
};

const staysInside = (root: string, link: string): boolean => {
  try {
    return !relative(realpathSync(root), realpathSync(link)).startsWith('..');
  } catch {
    // A link that leads nowhere.
    return false;
  }
};
