/** The runtime slot: turns source into running services (runtime-and-sdk.md 1). What every driver must do: test/conformance/runtime.ts. */

import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';

export type RuntimeStatus =
  | 'unknown'
  | 'pending'
  | 'building'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'error';

/** Wire numbers of the states, by position (wire.md 7.7). */
export const runtimeStatuses: readonly RuntimeStatus[] = [
  'unknown',
  'pending',
  'building',
  'starting',
  'running',
  'stopping',
  'stopped',
  'error',
];

export interface RuntimeService {
  readonly name: string;
  /** Default `latest`. */
  readonly version: string;
  /** `source://NAME:VERSION` for an upload, else a folder or a git URL. */
  readonly source: string;
  /** `source`, `owner`, `group`, `started`, `build`, `error`, `restarts`, `lastExit`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: RuntimeStatus;
}

export interface CreateOptions extends CallOptions {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** `K=V` items. */
  readonly env?: readonly string[];
  readonly type?: string;
  readonly image?: string;
  /** Folder below the source root that holds the service. */
  readonly entrypoint?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly instances?: number;
  /** Rebuild and restart even when nothing changed. */
  readonly force?: boolean;
  /** Who asked: `owner` and `group` of the record. */
  readonly owner?: { readonly name: string; readonly group: string };
}

export interface LogRecord {
  /** Milliseconds since the epoch; 0 when unknown. */
  readonly timestamp: number;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type ServiceRef = Pick<RuntimeService, 'name' | 'version'>;

/** Identity of a service: namespace + name + version. `running` means registered and answering. */
export interface Runtime {
  /** Keeps a source archive (tar or tar.gz, told by its first bytes); returns its `source://` id. Hostile archives are refused here. */
  upload(service: ServiceRef, archive: AsyncIterable<Uint8Array>, o?: CallOptions): Promise<string>;
  /** Accepts the service and starts it in the background. Same content again: no change; changed content: an update. */
  create(service: Pick<RuntimeService, 'name' | 'version' | 'source' | 'metadata'>, o?: CreateOptions): Promise<void>;
  read(
    o?: CallOptions & { readonly service?: string; readonly version?: string; readonly type?: string },
  ): Promise<readonly RuntimeService[]>;
  /** Starts the new one, waits until it is registered, then stops the old. Throws internal `not found`. */
  update(
    service: Pick<RuntimeService, 'name' | 'version' | 'source'> & {
      readonly metadata?: Readonly<Record<string, string>>;
    },
    o?: CallOptions & { readonly entrypoint?: string; readonly instances?: number },
  ): Promise<void>;
  /** Stops it and forgets record, source and build. Throws internal `not found`. */
  delete(service: ServiceRef, o?: CallOptions): Promise<void>;
  /** The last `lines` records (0: all), then, with `follow`, new ones until the signal. Throws internal `Logs not found for service NAME`. */
  logs(
    service: ServiceRef,
    o?: CallOptions & { readonly lines?: number; readonly follow?: boolean },
  ): AsyncIterable<LogRecord>;
}

export const runtime = capability<Runtime>('runtime');
