/**
 * Runs bundled chunks: CommonJS functions in scripts with an optional V8 code cache each, compiled at their first use. Owns the table of loaded modules;
 * where texts and files come from is the caller's business (the executable's assets, or a folder while caches are made).
 */

import { join } from 'node:path';
import { Script } from 'node:vm';

import { type BuildInfo, type Embedded, embeddedSlot } from '../../internal/process/embedded.ts';

export interface ScriptSource {
  /** A script's text. Throws when there is none of that name. */
  text(script: string): string;
  cache(script: string): Uint8Array | undefined;
  asset(name: string): Uint8Array | undefined;
  command(): readonly [string, ...string[]];
  /** Told of each script that was compiled, and how long that took. */
  readonly compiled?: ((name: string, script: Script, ms: number) => void) | undefined;
}

type ChunkFunction = (exports: object, require: (id: string) => unknown, module: { exports: object }) => void;

/** Chunk -> script, for the chunks that share one; written into this code by build/bundle.ts. */
declare const SCRIPT_OF: Readonly<Record<string, string>>;

/** Puts `Embedded` in place; the caller then loads the entry that it wants. */
export const install = (source: ScriptSource): Embedded => {
  const folder = join(process.execPath, 'micro');
  const functions = new Map<string, ChunkFunction>();
  const loaded = new Map<string, { exports: object }>();
  const compile = (name: string): void => {
    const started = process.hrtime();
    const script = new Script(source.text(name), { filename: join(folder, name), cachedData: source.cache(name) });
    const chunks = script.runInThisContext() as Readonly<Record<string, ChunkFunction>>;
    for (const chunk in chunks) functions.set(chunk, chunks[chunk] as ChunkFunction);
    if (source.compiled === undefined) return;
    const [seconds, nanoseconds] = process.hrtime(started);
    source.compiled(name, script, seconds * 1e3 + nanoseconds / 1e6);
  };
  const load = (chunk: string): object => {
    const known = loaded.get(chunk);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(chunk, module);
    if (!functions.has(chunk)) compile(SCRIPT_OF[chunk] ?? chunk);
    try {
      functions.get(chunk)?.(module.exports, requireFrom, module);
    } catch (e) {
      // Whoever asks again hears the same, instead of getting half a module.
      loaded.delete(chunk);
      throw e;
    }
    return module.exports;
  };
  const requireFrom = (id: string): unknown => {
    if (id.startsWith('./')) return load(id.slice(2));
    const builtin: unknown = process.getBuiltinModule(id);
    if (builtin === undefined) throw new Error(`the executable has no module ${id}`);
    return builtin;
  };
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
