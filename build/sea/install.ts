/**
 * Runs bundled chunks: CommonJS texts with an optional V8 code cache each, compiled at their first use. Owns the table of loaded modules;
 * where texts and files come from is the caller's business (the executable's assets, or a folder while caches are made).
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

import { type BuildInfo, type Embedded, embeddedSlot } from '../../internal/process/embedded.ts';

export interface ChunkSource {
  /** A chunk's text, wrapped as a function expression. Throws when there is none of that name. */
  text(chunk: string): string;
  cache(chunk: string): Uint8Array | undefined;
  asset(name: string): Uint8Array | undefined;
  command(): readonly [string, ...string[]];
  /** Told of each chunk that was compiled, and how long that took. */
  readonly compiled?: ((chunk: string, script: Script, ms: number) => void) | undefined;
}

type ChunkFunction = (exports: object, require: (id: string) => unknown, module: { exports: object }) => void;

/** Puts `Embedded` in place; a chunk called `main` is loaded by whoever calls this. */
export const install = (source: ChunkSource): Embedded => {
  const folder = join(process.execPath, 'micro');
  const loaded = new Map<string, { exports: object }>();
  const builtin = createRequire(process.execPath);
  const load = (chunk: string): object => {
    const known = loaded.get(chunk);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(chunk, module);
    const started = performance.now();
    const script = new Script(source.text(chunk), {
      filename: join(folder, chunk),
      cachedData: source.cache(chunk),
    });
    source.compiled?.(chunk, script, performance.now() - started);
    (script.runInThisContext() as ChunkFunction)(module.exports, requireFrom, module);
    return module.exports;
  };
  const requireFrom = (id: string): unknown => (id.startsWith('./') ? load(id.slice(2)) : builtin(id));
  let build: BuildInfo | undefined;
  const inside: Embedded = {
    get build() {
      build ??= JSON.parse(Buffer.from(source.asset('build.json') ?? '{}').toString('utf8')) as BuildInfo;
      return build;
    },
    folder,
    command: source.command,
    module: (entry) => load(`${entry}.js`) as Record<string, unknown>,
    asset: source.asset,
  };
  Object.defineProperty(globalThis, embeddedSlot, { value: inside, enumerable: false });
  return inside;
};
