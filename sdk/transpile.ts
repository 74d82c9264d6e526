/**
 * Turns one TypeScript file into JavaScript that Node can load: from the builder's content-hash folder, else by Node's own stripping.
 * Owns the choice of module format; type errors are not looked for, only syntax.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

export type ModuleFormat = 'module' | 'commonjs';

export interface Transpiled {
  readonly format: ModuleFormat;
  readonly source: string;
}

const extensions: readonly [ModuleFormat, string][] = [
  ['module', '.mjs'],
  ['commonjs', '.cjs'],
];

/** `wanted` is what package.json or the extension says; undefined lets the source decide. Throws a SyntaxError whose stack opens with `file:line:column`. */
export const transpile = (
  url: string,
  o: { readonly wanted?: ModuleFormat; readonly transpiledDir?: string },
): Transpiled => {
  const bytes = readFileSync(fileURLToPath(url));
  return (
    (o.transpiledDir && fromFolder(bytes, o.transpiledDir, o.wanted)) || strip(url, bytes.toString('utf8'), o.wanted)
  );
};

const fromFolder = (bytes: Uint8Array, folder: string, wanted: ModuleFormat | undefined): Transpiled | undefined => {
  const hash = createHash('sha256').update(bytes).digest('hex');
  for (const [format, extension] of extensions) {
    const file = join(folder, hash + extension);
    // The code is the same under both extensions: they say what the builder took it for, and package.json knows better.
    if (existsSync(file)) return { format: wanted ?? format, source: readFileSync(file, 'utf8') };
  }
  return undefined;
};

const strip = (url: string, text: string, wanted: ModuleFormat | undefined): Transpiled => {
  let source: string;
  try {
    source = quietly(() => stripTypeScriptTypes(text, { mode: 'transform', sourceMap: true, sourceUrl: url }));
  } catch (e) {
    throw syntaxError(fileURLToPath(url), e);
  }
  return { format: wanted ?? formatOf(source), source };
};

/** Node announces the stripping as experimental; whoever runs a service did not ask for it and cannot change it. */
const quietly = <T>(work: () => T): T => {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
};

/** What a CommonJS compiler says about a source that is an ES module. */
const onlyInModules =
  /Cannot use import statement|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid|Unexpected reserved word/;

const formatOf = (source: string): ModuleFormat => {
  try {
    new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: 'format' });
    return 'commonjs';
  } catch (e) {
    return e instanceof SyntaxError && onlyInModules.test(e.message) ? 'module' : 'commonjs';
  }
};

/** Node's stack opens with `url:line`, the source around the place and a caret under the column. */
const syntaxError = (file: string, cause: unknown): SyntaxError => {
  const stack = cause instanceof Error ? (cause.stack ?? '') : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  const line = /^file:.*:(\d+)$/m.exec(stack)?.[1];
  const caret = /^( *)\^+$/m.exec(stack)?.[1];
  const place = line === undefined ? file : `${file}:${line}${caret === undefined ? '' : `:${caret.length + 1}`}`;
  return Object.assign(new SyntaxError(message, { cause }), { stack: `${place}\nSyntaxError: ${message}` });
};
