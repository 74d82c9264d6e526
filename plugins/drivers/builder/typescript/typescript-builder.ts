/**
 * Builds TypeScript and JavaScript services: finds the entry, transpiles each TypeScript file into a cache by content hash, and starts the entry
 * in a child of this program. Types are not checked; syntax is. node_modules is left as it is.
 *
 * Cache format, shared with sdk/transpile.ts: `<sha256 of the file's bytes>.mjs` or `.cjs`, with an inline source map that names the author's file.
 */

import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';

import type { Builder, BuildRequest, Launch } from '../../../../internal/contract/builder.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import { embedded } from '../../../../internal/process/embedded.ts';
import { selfCommand } from '../../../../internal/process/self.ts';
import { findEntry } from './find-entry.ts';

const id = 'builder.typescript';
/** Files transpiled at one time. */
const parallel = 16;

export const create = (): Builder => ({
  name: 'typescript',
  detect: async (folder) => (await findEntry(folder)).entry !== undefined,
  build,
});

const build = async (request: BuildRequest): Promise<Launch> => {
  const { entry, reason } = await findEntry(request.folder);
  if (entry === undefined) throw badRequest(id, reason);
  const transpiledDir = join(request.cacheDir, 'transpiled');
  await mkdir(transpiledDir, { recursive: true, mode: 0o700 });
  await transpileAll(request, transpiledDir);
  const self = selfCommand('service');
  return {
    command: self.command,
    args: self.args,
    cwd: request.folder,
    env: { ...self.env, MICRO_CHILD_ENTRY: join(request.folder, entry), MICRO_TRANSPILED: transpiledDir },
    endsWithParent: true,
  };
};

const transpileAll = async (request: BuildRequest, transpiledDir: string): Promise<void> => {
  const files = await typescriptFiles(request.folder);
  const faults: string[] = [];
  for (let i = 0; i < files.length; i += parallel) {
    request.signal.throwIfAborted();
    const found = await Promise.all(
      files.slice(i, i + parallel).map((f) => transpile(request.folder, f, transpiledDir)),
    );
    faults.push(...found.flat());
  }
  if (faults.length > 0) throw badRequest(id, faults.join('\n'));
};

const typescriptFiles = async (folder: string): Promise<string[]> => {
  const files: string[] = [];
  const exclude = (name: string): boolean => name === 'node_modules';
  for await (const file of glob('**/*.{ts,mts,cts,tsx}', { cwd: folder, exclude })) {
    if (!file.endsWith('.d.ts')) files.push(file);
  }
  return files.sort();
};

/** Undefined where no folder can execute esbuild's binary: the service's process then strips types itself (sdk/transpile.ts) and reports faults at its start. */
const loadTransform = async (): Promise<typeof import('esbuild').transform | undefined> => {
  try {
    const { transform } = await import('esbuild');
    return transform;
  } catch (e) {
    if (embedded() === undefined) throw e;
    return undefined;
  }
};

/** Fault lines `file:line:column: message`, none when it went well. */
const transpile = async (folder: string, file: string, transpiledDir: string): Promise<readonly string[]> => {
  const path = join(folder, file);
  const bytes = await readFile(path);
  const key = createHash('sha256').update(bytes).digest('hex');
  if ((await exists(join(transpiledDir, `${key}.mjs`))) || (await exists(join(transpiledDir, `${key}.cjs`)))) return [];
  const transform = await loadTransform();
  if (transform === undefined) return [];
  try {
    const { code } = await transform(bytes, {
      loader: file.endsWith('.tsx') ? 'tsx' : 'ts',
      sourcemap: 'inline',
      // Node takes it relative to the file that it loads, which is the author's own, wherever the folder stands by then.
      sourcefile: basename(file),
      target: 'node24',
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: true, verbatimModuleSyntax: false } },
    });
    await writeWhole(join(transpiledDir, `${key}.${isModule(file, code) ? 'mjs' : 'cjs'}`), code);
    return [];
  } catch (e) {
    return faultsOf(e, folder, file);
  }
};

/** ES module when the extension says so, else when it has import or export statements or a top-level await. */
const isModule = (file: string, code: string): boolean => {
  if (file.endsWith('.mts')) return true;
  if (file.endsWith('.cts')) return false;
  return /^\s*(import[\s{*"'(]|export[\s{*]|await\s)/m.test(code) || /\bimport\.meta\b/.test(code);
};

interface Fault {
  readonly text: string;
  readonly location: { readonly line: number; readonly column: number } | null;
}

const faultsOf = (e: unknown, folder: string, file: string): readonly string[] => {
  const errors = (e as { errors?: readonly Fault[] }).errors;
  if (!Array.isArray(errors)) throw e;
  const name = relative(folder, join(folder, file));
  return (errors as readonly Fault[]).map((f) =>
    f.location ? `${name}:${f.location.line}:${f.location.column + 1}: ${f.text}` : `${name}: ${f.text}`,
  );
};

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Another build may write the same file: each writes its own and renames. */
const writeWhole = async (file: string, text: string): Promise<void> => {
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
};
