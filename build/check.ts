/** `npm run check`: types, lint and format, import directions, and that `npm run gen` would change nothing. One line per step; what fails is shown in full. Changes no file. */

import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { generated } from './gen.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

interface StepResult {
  readonly ok: boolean;
  readonly output: string;
}

const main = async (): Promise<number> => {
  const steps: readonly { readonly name: string; run(): Promise<StepResult> }[] = [
    { name: 'types', run: () => command(bin('tsc'), ['-p', root]) },
    { name: 'lint and format', run: () => command(bin('biome'), ['check', '--max-diagnostics=50', root]) },
    { name: 'import directions', run: () => command(process.execPath, ['test/tidy/imports.test.ts']) },
    { name: 'generated files', run: checkGenerated },
  ];
  let failed = 0;
  for (const step of steps) {
    const before = Date.now();
    const { ok, output } = await step.run();
    if (!ok) failed += 1;
    console.log(`${ok ? 'ok  ' : 'FAIL'} check: ${step.name}  ${Date.now() - before} ms`);
    if (!ok) console.log(output.trimEnd());
  }
  return failed === 0 ? 0 : 1;
};

const command = (file: string, args: readonly string[], cwd = root): Promise<StepResult> =>
  new Promise((resolve) => {
    const options = {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      shell: process.platform === 'win32',
    } as const;
    execFile(file, args, options, (error, stdout, stderr) => resolve({ ok: error === null, output: stdout + stderr }));
  });

/** Generates into a copy of what gen reads and compares: the tree itself stays as it is, also while others work in it. */
const checkGenerated = async (): Promise<StepResult> => {
  const copy = mkdtempSync(join(tmpdir(), 'micro-gen-'));
  try {
    for (const pattern of [
      'build/*.ts',
      'internal/schema/describe-files.ts',
      'proto/*/*.proto',
      'plugins/**/plugin.ts',
      'package.json',
    ])
      for (const file of globSync(pattern, { cwd: root })) copyFile(file, copy);
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
    const made = await command(process.execPath, ['build/gen.ts'], copy);
    if (!made.ok) return made;
    const stale = differences(copy);
    return { ok: stale.length === 0, output: [...stale, 'run: npm run gen'].join('\n') };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};

const copyFile = (file: string, to: string): void => {
  const target = join(to, file);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(root, file), target);
};

const differences = (copy: string): readonly string[] => {
  const filesIn = (base: string): readonly string[] =>
    generated.flatMap((path) => [...globSync(path, { cwd: base }), ...globSync(`${path}/**/*.*`, { cwd: base })]);
  const files = new Set([...filesIn(root), ...filesIn(copy)].filter((file) => /\.[a-z]+$/.test(file)));
  return [...files].sort().flatMap((file) => {
    const [here, there] = [textOf(join(root, file)), textOf(join(copy, file))];
    if (here === there) return [];
    return [`${file}: ${here === undefined ? 'missing' : there === undefined ? 'no longer generated' : 'out of date'}`];
  });
};

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw e;
  }
};

process.exitCode = await main();
