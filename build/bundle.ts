/**
 * Bundles the program with esbuild: ES modules split at each `import()`, then every chunk by itself to CommonJS, wrapped as a function
 * expression for build/sea/install.ts. Owns what stands in for packages that look for native files; makes no executable.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';

import { pluginSdkAsset } from '../internal/process/sdk-source.ts';
import { oldestNode } from './target.ts';

const root = join(import.meta.dirname, '..');
const target = `node${oldestNode()}`;

export interface Bundle {
  /** Chunk name -> text. */
  readonly chunks: ReadonlyMap<string, string>;
  /** The SEA's main script, and the one that makes code caches. */
  readonly loader: string;
  readonly warm: string;
}

/** Entries by the name under which `Embedded.module` finds them. */
const entries: Readonly<Record<string, string>> = {
  main: 'build/sea/main.ts',
  'sdk-index': 'sdk/index.ts',
  'sdk-plugin': 'sdk/plugin.ts',
};

/** Reads the sources, writes nothing. */
export const bundle = async (): Promise<Bundle> => {
  const result = await build({
    entryPoints: { ...entries },
    absWorkingDir: root,
    outdir: 'dist/.cache/js',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    charset: 'ascii',
    legalComments: 'none',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    plugins: [nativePackages],
    logLevel: 'warning',
  });
  const chunks = new Map<string, string>();
  const { inputs, outputs } = result.metafile;
  for (const file of result.outputFiles) {
    const entry = outputs[relative(root, file.path).replaceAll('\\', '/')]?.entryPoint;
    const isCommonJs = entry !== undefined && inputs[entry]?.format === 'cjs';
    chunks.set(basename(file.path), await asFunction(isCommonJs ? `${file.text}${namedExports}` : file.text));
  }
  chunks.set(basename(pluginSdkAsset), await script('sdk/plugin.ts', 'esm'));
  return { chunks, loader: await script('build/sea/loader.ts'), warm: await script('build/sea/warm.ts') };
};

/** What `import()` of a CommonJS package gives in Node, and esbuild leaves out when it splits: the names beside `default`. */
const namedExports = `
{ const { default: whole } = module.exports; module.exports = { __esModule: true, ...whole, default: whole }; }
`;

/** CommonJS: the only kind of module that can be compiled with a code cache and required synchronously. */
const asFunction = async (text: string): Promise<string> => {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    charset: 'ascii',
    legalComments: 'none',
    supported: { 'dynamic-import': false },
    // Only what runs from source asks for its own place.
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return `(function (exports, require, module) {${code}\n})`;
};

/** One file without imports of ours. */
const script = async (entry: string, format: 'cjs' | 'esm' = 'cjs'): Promise<string> => {
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    write: false,
    bundle: true,
    format,
    platform: 'node',
    target,
    charset: 'ascii',
    logLevel: 'warning',
  });
  return result.outputFiles[0]!.text;
};

/** sqlite3 and esbuild get their native half from the executable. */
const nativePackages: Plugin = {
  name: 'native-packages',
  setup: (b) => {
    const packages = JSON.stringify(join(root, 'build', 'sea', 'packages.ts'));
    b.onLoad({ filter: /sqlite3-binding\.js$/ }, () => ({
      contents: `module.exports = require(${packages}).sqlite3Binding();`,
      resolveDir: root,
    }));
    b.onResolve({ filter: /^esbuild$/ }, () => ({ path: 'esbuild', namespace: 'in-executable' }));
    b.onLoad({ filter: /^esbuild$/, namespace: 'in-executable' }, () => ({
      contents: `module.exports = require(${packages}).esbuildApi(() => require(${JSON.stringify(join(root, 'node_modules/esbuild/lib/main.js'))}));`,
      resolveDir: root,
    }));
  },
};

/** Puts a bundle into a folder: `js/<chunk>`, `loader.cjs`, `warm.cjs`. */
export const writeBundle = (made: Bundle, folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'js'), { recursive: true });
  for (const [name, text] of made.chunks) writeFileSync(join(folder, 'js', name), text);
  writeFileSync(join(folder, 'loader.cjs'), made.loader);
  writeFileSync(join(folder, 'warm.cjs'), made.warm);
};

if (import.meta.main) {
  const folder = join(root, 'dist', '.cache', 'bundle');
  const made = await bundle();
  writeBundle(made, folder);
  const bytes = [...made.chunks.values()].reduce((n, text) => n + text.length, 0);
  console.log(`${folder}: ${made.chunks.size} chunks, ${(bytes / 1e6).toFixed(1)} MB`);
}
