/** The file a TypeScript or JavaScript service starts with: package.json `main`, else index, else src/index. Looks, never writes. */

import { readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';

const candidates = ['index', 'src/index'].flatMap((stem) =>
  ['ts', 'mts', 'js', 'mjs', 'cts', 'cjs'].map((e) => `${stem}.${e}`),
);

export interface Entry {
  /** Relative to the folder; undefined when there is none. */
  readonly entry: string | undefined;
  /** Why there is none. */
  readonly reason: string;
}

export const findEntry = async (folder: string): Promise<Entry> => {
  const main = await mainOf(folder);
  if (main.fault !== undefined) return { entry: undefined, reason: main.fault };
  if (main.path !== undefined) {
    const path = normalize(main.path);
    if (path.startsWith('..') || path.startsWith('/'))
      return { entry: undefined, reason: `package.json: main leads outside the folder: ${main.path}` };
    // Authors name the file they would publish; what they write may be its TypeScript.
    for (const p of [path, path.replace(/\.([cm]?)js$/, '.$1ts'), `${path}.ts`, `${path}.js`])
      if (await isFile(join(folder, p))) return { entry: p, reason: '' };
    return { entry: undefined, reason: `package.json: main does not exist: ${main.path}` };
  }
  for (const c of candidates) if (await isFile(join(folder, c))) return { entry: c, reason: '' };
  return { entry: undefined, reason: 'no entry found: want package.json main, index.ts or src/index.ts' };
};

const mainOf = async (folder: string): Promise<{ path?: string; fault?: string }> => {
  let text: string;
  try {
    text = await readFile(join(folder, 'package.json'), 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw e;
  }
  try {
    const value: unknown = JSON.parse(text);
    const main = typeof value === 'object' && value !== null ? (value as { main?: unknown }).main : undefined;
    return typeof main === 'string' && main !== '' ? { path: main } : {};
  } catch (e) {
    return { fault: `package.json: ${e instanceof Error ? e.message : String(e)}` };
  }
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isFile(),
    () => false,
  );
