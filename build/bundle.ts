/**
 * Bundles the program with esbuild: ES modules split at each `import()`, then every chunk by itself to CommonJS, as a function
 * in one of the scripts that build/sea/install.ts runs. Owns what stands in for packages that look for native files; makes no executable.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin, type TransformOptions, transform } from 'esbuild';

import { pluginSdkAsset } from '../internal/process/sdk-source.ts';
import { scriptGroups } from './script-groups.ts';
import { oldestNode } from './target.ts';

const root = join(import.meta.dirname, '..');
const target = `node${oldestNode()}`;

export interface Bundle {
  /** Script name -> text: an object expression with one function per chunk. */
  readonly scripts: ReadonlyMap<string, string>;
  /** The SEA's main script, and the one that makes code caches. */
  readonly loader: string;
  readonly warm: string;
}

/** Entries by the name under which `Embedded.module` finds them. */
const entries: Readonly<Record<string, string>> = {
  main: 'build/sea/main.ts',
  child: 'build/sea/child.ts',
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
  const { inputs, outputs } = result.metafile;
  const groups = scriptGroups(outputs);
  const scripts = new Map<string, string[]>();
  const scriptOf: Record<string, string> = {};
  for (const file of result.outputFiles) {
    const path = relative(root, file.path).replaceAll('\\', '/');
    const chunk = basename(path);
    const entry = outputs[path]?.entryPoint;
    const isCommonJs = entry !== undefined && inputs[entry]?.format === 'cjs';
    const script = groups.get(path) ?? chunk;
    if (script !== chunk) scriptOf[chunk] = script;
    const text = await asFunction(isCommonJs ? `${file.text}${namedExports}` : file.text);
    scripts.set(script, [...(scripts.get(script) ?? []), `${JSON.stringify(chunk)}: ${text}`]);
  }
  const texts = new Map([...scripts].map(([name, parts]) => [name, `({\n${parts.join(',\n')}\n})`]));
  texts.set(basename(pluginSdkAsset), await oneFile('sdk/plugin.ts', { format: 'esm' }));
  const define = { SCRIPT_OF: JSON.stringify(scriptOf) };
  const [loader, warm] = await Promise.all(
    ['loader', 'warm'].map((name) => oneFile(`build/sea/${name}.ts`, { define })),
  );
  return { scripts: texts, loader: loader as string, warm: warm as string };
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
  const { code: compact } = await transform(lazyBuiltins(code), compactly);
  return `function (exports, require, module) {\n${compact}}`;
};

/** Less to read at every start; names and short lines stay, so that a stack still says something. */
const compactly: TransformOptions = { minifyWhitespace: true, lineLimit: 120, charset: 'ascii', target };

/**
 * `node:crypto` alone costs three milliseconds, and most runs use little of what their modules import. So what Node brings along is
 * required where it is used first; for our own modules and packages `import()` is that place.
 */
const lazyBuiltins = (code: string): string => {
  let lazy = code;
  for (const [line, name, required] of code.matchAll(
    /^var (\w+) = ((?:__toESM\()?require\("node:[\w/]+"\)(?:, 1\))?\)?);$/gm,
  )) {
    lazy = lazy.replace(line as string, '').replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `(${name}())`);
    lazy = `${lazy}var ${name}_; function ${name}() { return ${name}_ ??= ${required}; }\n`;
  }
  return lazy;
};

/** One text without imports of ours, CommonJS unless asked otherwise. */
const oneFile = async (entry: string, o: Pick<BuildOptions, 'format' | 'define'>): Promise<string> => {
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target,
    charset: 'ascii',
    logLevel: 'warning',
    ...o,
  });
  return result.outputFiles[0]!.text;
};

/** sqlite3 and esbuild get their native half from the executable; acme-client brings a second crypto library, for callers of its past, which stays out. */
const nativePackages: Plugin = {
  name: 'native-packages',
  setup: (b) => {
    const packages = JSON.stringify(join(root, 'build', 'sea', 'packages.ts'));
    b.onLoad({ filter: /sqlite3-binding\.js$/ }, () => ({
      contents: `module.exports = require(${packages}).sqlite3Binding();`,
      resolveDir: root,
    }));
    b.onLoad({ filter: /acme-client[\\/]src[\\/]crypto[\\/]forge\.js$/ }, () => ({ contents: 'module.exports = {};' }));
    b.onResolve({ filter: /^esbuild$/ }, () => ({ path: 'esbuild', namespace: 'in-executable' }));
    b.onLoad({ filter: /^esbuild$/, namespace: 'in-executable' }, () => ({
      contents: `module.exports = require(${packages}).esbuildApi(() => require(${JSON.stringify(join(root, 'node_modules/esbuild/lib/main.js'))}));`,
      resolveDir: root,
    }));
  },
};

/** Puts a bundle into a folder: `js/<script>`, `loader.cjs`, `warm.cjs`. */
export const writeBundle = (made: Bundle, folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'js'), { recursive: true });
  for (const [name, text] of made.scripts) writeFileSync(join(folder, 'js', name), text);
  writeFileSync(join(folder, 'loader.cjs'), made.loader);
  writeFileSync(join(folder, 'warm.cjs'), made.warm);
};

if (import.meta.main) {
  const folder = join(root, 'dist', '.cache', 'bundle');
  const made = await bundle();
  writeBundle(made, folder);
  const bytes = [...made.scripts.values()].reduce((n, text) => n + text.length, 0);
  console.log(`${folder}: ${made.scripts.size} scripts, ${(bytes / 1e6).toFixed(1)} MB`);
}
