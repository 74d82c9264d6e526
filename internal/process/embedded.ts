/**
 * What the single-file executable carries, as the code inside sees it: its modules, its files and how it was built. The loader
 * (build/sea/loader.ts) puts it in place; from source there is none. Holds no state of its own.
 */

/** How this executable was made. */
export interface BuildInfo {
  readonly version: string;
  /** Commit of the sources; empty when they were no git checkout. */
  readonly commit: string;
  /** Platform and architecture it was built for: `linux-x64`. */
  readonly target: string;
}

export interface Embedded {
  readonly build: BuildInfo;
  /** Absolute path that the bundled code claims as its folder; no such folder exists. */
  readonly folder: string;
  /** Words that start this program again, whatever became of its file meanwhile. */
  command(): readonly [string, ...string[]];
  /** The exports of a bundled entry (`sdk/index`): the very instance that the rest of the program uses. */
  module(entry: string): Readonly<Record<string, unknown>>;
  /** A file that was put in at build time; undefined when this target has none of that name. */
  asset(name: string): Uint8Array | undefined;
}

/** A symbol of the registry: the loader is bundled apart from the code that it loads. */
export const embeddedSlot = Symbol.for('micro.embedded');

/** Undefined when the program runs from source. */
export const embedded = (): Embedded | undefined => (globalThis as { [embeddedSlot]?: Embedded })[embeddedSlot];
