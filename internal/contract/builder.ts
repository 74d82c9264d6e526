/** The builder slot (many-valued): each builder recognises a kind of source and says how to start it. What every one must do: test/conformance/builder.ts. */

import { capability } from './capability.ts';

export interface BuildRequest {
  /** Absolute folder of the service (source root joined with the entrypoint). Never written to. */
  readonly folder: string;
  /** Absolute folder for what the builder makes; kept between builds of one service. */
  readonly cacheDir: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** How to start the built service. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The child opens an IPC channel and ends itself when that closes; others are started under a guard. */
  readonly endsWithParent: boolean;
}

export interface Builder {
  readonly name: string;
  /** Whether this builder is the one for the folder; looks, never writes. */
  detect(folder: string): Promise<boolean>;
  /** Throws badRequest whose detail carries `file:line:column: message` lines for faults in the source. */
  build(request: BuildRequest): Promise<Launch>;
}

export const builder = capability<Builder>('builder');
