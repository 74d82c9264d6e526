/** Writes plugins/index.gen.ts: a static import of every manifest, sorted by id. Reads folder names only. */

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const header = '/** Every manifest, sorted by id. Written by `npm run gen`; never edited. */\n';

/** The text of plugins/index.gen.ts for the plugin folders below `root`. */
export const indexText = (root: string): string => {
  const ids = globSync('**/plugin.ts', { cwd: join(root, 'plugins') })
    .map((file) => file.split(sep).slice(0, -1).join('/'))
    .sort();
  const imports = ids.map((id) => `import { plugin as ${constantOf(id)} } from './${id}/plugin.ts';`);
  const entries = ids.map((id) => `  ${constantOf(id)},`);
  const contract = `import type { Plugin } from '../internal/contract/plugin.ts';`;
  return [
    header,
    `${contract}\n`,
    ...imports,
    '\nexport const plugins: readonly Plugin[] = [',
    ...entries,
    '];\n',
  ].join('\n');
};

/** `drivers/store/sqlite` -> `driversStoreSqlite`. */
const constantOf = (id: string): string => id.replace(/[/-](.)/g, (_, char: string) => char.toUpperCase());

/** Rewrites the index when it differs; tells whether it did. */
export const genIndex = (root: string): boolean => {
  const file = join(root, 'plugins', 'index.gen.ts');
  const text = indexText(root);
  if (currentText(file) === text) return false;
  writeFileSync(file, text);
  return true;
};

const currentText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw e;
  }
};

if (import.meta.main) genIndex(join(import.meta.dirname, '..'));
