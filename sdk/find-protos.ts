/** Where a service's proto files are: under proto/, else beside the entry. Owns the choice; reads no file. */

import { globSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Absolute paths, sorted. `named` (files or folders, relative to the first folder) rules the search out. Of several folders the first
 * that has any wins. Throws an error that says where it looked.
 */
export const findProtos = (folders: readonly string[], named?: readonly string[]): readonly string[] => {
  const base = folders[0] ?? '.';
  if (named !== undefined) return named.flatMap((name) => filesOf(resolve(base, name)));
  for (const folder of folders)
    for (const pattern of ['proto/**/*.proto', '*.proto']) {
      const found = search(folder, pattern);
      if (found.length > 0) return found;
    }
  throw new Error(`no .proto file in ${folders.join(' or ')}: describe the service in one there, or in proto/`);
};

const search = (folder: string, pattern: string): readonly string[] =>
  globSync(pattern, { cwd: folder, exclude: (name) => name === 'node_modules' })
    .map((file) => join(folder, file))
    .sort();

const filesOf = (path: string): readonly string[] => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Error(`protos: there is no ${path}`);
  const found = stat.isDirectory() ? search(path, '**/*.proto') : [path];
  if (found.length === 0) throw new Error(`protos: no .proto file in ${path}`);
  return found;
};
