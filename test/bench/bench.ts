/** `npm run bench [name …]`: runs every benchmark of this folder, or those whose name matches, each in a process of its own. Figures are ratios against a baseline of the same run. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const wanted = process.argv.slice(2);
const files = readdirSync(import.meta.dirname).filter((f) => f.endsWith('.bench.ts'));
const chosen = files.filter((f) => wanted.length === 0 || wanted.some((w) => f.includes(w)));
if (chosen.length === 0)
  console.error(`no benchmark matches; there are: ${files.map((f) => f.replace('.bench.ts', '')).join(', ')}`);
for (const file of chosen.sort()) {
  console.log(`== ${file.replace('.bench.ts', '')}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
if (chosen.length === 0) process.exitCode = 1;
