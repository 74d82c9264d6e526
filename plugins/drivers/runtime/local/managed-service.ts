/**
 * One service of the local runtime over its whole life: built, started, updated without a gap, stopped, and honest about each step.
 * Owns its generations and what status shows; records and uploads belong to local-runtime.ts and sources.ts.
 */

import { join } from 'node:path';

import type { Builder, Launch } from '../../../../internal/contract/builder.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import type { RuntimeService, RuntimeStatus } from '../../../../internal/contract/runtime.ts';
import { selfCommand } from '../../../../internal/process/self.ts';
import type { UnexpectedEnd } from '../../../../internal/process/supervise.ts';
import { type Generation, type GenerationOptions, startGeneration } from './generation.ts';
import type { ServiceLog } from './service-log.ts';
import type { ServiceRecord } from './service-record.ts';
import type { Sources } from './sources.ts';

export interface ManagedServiceOptions
  extends Pick<
    GenerationOptions,
    'registry' | 'client' | 'log' | 'ledger' | 'startTimeoutMs' | 'stopTimeoutMs' | 'restartDelayMs' | 'now'
  > {
  readonly record: ServiceRecord;
  readonly builders: readonly Builder[];
  readonly sources: Sources;
  /** For what the builders make. */
  readonly cacheDir: string;
  /** Called when a build begins: time to make ready what environment() will need. Reports nothing. */
  prepare(record: ServiceRecord): void;
  /** The environment of the record's processes; waits until the platform can be reached. */
  environment(record: ServiceRecord): Promise<Readonly<Record<string, string>>>;
  /** An update takes over: the new record is the one to keep. */
  onReplaced(record: ServiceRecord): Promise<void>;
  /** Nothing runs from another content any more. */
  onSettled(record: ServiceRecord): Promise<void>;
}

export interface ManagedService {
  /** The record that runs, or is to run. */
  record(): ServiceRecord;
  readonly log: ServiceLog;
  describe(): RuntimeService;
  /** Builds and starts in the background. */
  start(): void;
  /** Starts the new one in the background, and stops the old when it is ready; a failure leaves the old running and is shown. */
  replace(record: ServiceRecord): void;
  /** What runs is what is wanted: an update that failed is forgotten. */
  confirm(): void;
  /** Ends everything within the grace, default the service's stop timeout; nothing starts after it. */
  stop(graceMs?: number): Promise<void>;
}

interface State {
  record: ServiceRecord;
  status: RuntimeStatus;
  error: string;
  /** Milliseconds since the epoch of the last start or update. */
  since: number;
  restarts: number;
  lastExit: string;
  generation: Generation | undefined;
  /** Updates that have not taken over or failed yet. */
  updates: number;
}

export const createManagedService = (o: ManagedServiceOptions): ManagedService => {
  const stopped = new AbortController();
  const state: State = {
    record: o.record,
    status: 'pending',
    error: '',
    since: o.now(),
    restarts: 0,
    lastExit: '',
    generation: undefined,
    updates: 0,
  };
  let work: Promise<void> = Promise.resolve();
  /** Steps of one service never overlap. A step that fails says so in the state. */
  const next = (step: () => Promise<void>): void => {
    work = work.then(async () => {
      if (stopped.signal.aborted) return;
      try {
        await step();
      } catch (e) {
        if (!stopped.signal.aborted) show(o, state, 'error', textOf(e));
      }
    });
  };
  return {
    record: () => state.record,
    log: o.log,
    describe: () => describe(state),
    start: () => next(() => begin(o, state, state.record, stopped.signal)),
    replace: (record) => {
      state.updates += 1;
      next(async () => {
        try {
          await replace(o, state, record, stopped.signal);
        } finally {
          state.updates -= 1;
        }
      });
    },
    confirm: () => {
      if (state.status === 'running' && state.updates === 0) state.error = '';
    },
    stop: async (graceMs) => {
      stopped.abort();
      if (state.generation) state.status = 'stopping';
      await state.generation?.stop(graceMs);
      await work;
      await state.generation?.stop(graceMs);
      state.status = 'stopped';
    },
  };
};

const begin = async (
  o: ManagedServiceOptions,
  state: State,
  record: ServiceRecord,
  signal: AbortSignal,
): Promise<void> => {
  state.since = o.now();
  state.record = record;
  show(o, state, 'building', '');
  o.prepare(record);
  const launch = await build(o, record, signal);
  signal.throwIfAborted();
  show(o, state, 'starting', '');
  state.generation = run(o, state, record, launch);
};

const replace = async (
  o: ManagedServiceOptions,
  state: State,
  record: ServiceRecord,
  signal: AbortSignal,
): Promise<void> => {
  const old = state.generation;
  // What does not run cannot go on running meanwhile.
  if (!old || state.status !== 'running') {
    await old?.stop();
    state.generation = undefined;
    await o.onReplaced(record);
    await o.onSettled(record);
    return begin(o, state, record, signal);
  }
  o.log.add('runtime', 'updating');
  const fresh = await tryUpdate(o, state, record, signal);
  if (!fresh) return;
  state.generation = fresh;
  state.record = record;
  state.since = o.now();
  show(o, state, 'running', '');
  await o.onReplaced(record);
  await old.stop();
  await o.onSettled(record);
};

/** The new generation once it is ready; undefined when it failed, which is then shown beside the old one that runs on. */
const tryUpdate = async (
  o: ManagedServiceOptions,
  state: State,
  record: ServiceRecord,
  signal: AbortSignal,
): Promise<Generation | undefined> => {
  let fresh: Generation | undefined;
  try {
    fresh = run(o, state, record, await build(o, record, signal));
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    await Promise.race([fresh.firstReady, aborted]);
    return fresh;
  } catch (e) {
    await fresh?.stop();
    const detail = fresh ? lastWords(o.log, textOf(e)) : textOf(e);
    if (!signal.aborted) show(o, state, state.status, `update failed: ${detail}`);
    return undefined;
  }
};

const run = (o: ManagedServiceOptions, state: State, record: ServiceRecord, launch: Launch): Generation => {
  // An update's generation is not yet the service: until it takes over, its steps are not the service's.
  const isCurrent = (): boolean => state.generation === generation;
  const generation: Generation = startGeneration({
    ...o,
    record,
    launch,
    environment: () => o.environment(record),
    onStarting: () => {
      if (isCurrent() && state.status !== 'starting') show(o, state, 'starting', state.error);
    },
    onReady: () => {
      if (isCurrent()) show(o, state, 'running', '');
    },
    onEnd: (end) => {
      o.log.add('runtime', `${end.reason}; next start in ${end.pauseMs} ms`);
      if (isCurrent()) crashed(o, state, end);
    },
  });
  return generation;
};

const crashed = (o: ManagedServiceOptions, state: State, end: UnexpectedEnd): void => {
  state.restarts = end.count;
  state.lastExit = `${end.reason} at ${new Date(o.now()).toISOString()}`;
  state.status = 'error';
  state.error = lastWords(o.log, end.reason);
};

/** The reason, and what the service itself said last: a line that names a place in its source, else one that names an error, else its last. */
const lastWords = (log: ServiceLog, reason: string): string => {
  const lines = log.tail(30).filter((l) => l.trim() !== '' && !l.startsWith(reason));
  const place = lines.findLast((l) => /^\S+:\d+(:\d+)?: /.test(l));
  const words = place ?? lines.findLast((l) => /Error\b/.test(l)) ?? lines.at(-1);
  return words === undefined ? reason : `${reason}: ${words.trim().slice(0, 300)}`;
};

const build = async (o: ManagedServiceOptions, record: ServiceRecord, signal: AbortSignal): Promise<Launch> => {
  const root = await o.sources.folderOf(record.namespace, record, record);
  const folder = join(root, record.entrypoint);
  if (record.command.length > 0) return commandLaunch(record, folder);
  for (const b of o.builders) {
    if (!(await b.detect(folder))) continue;
    const launch = await b.build({ folder, cacheDir: o.cacheDir, name: record.name, signal });
    return { ...launch, args: [...launch.args, ...record.args] };
  }
  // The first builder knows best what a folder without an entry lacks.
  const first = o.builders[0];
  if (first) return first.build({ folder, cacheDir: o.cacheDir, name: record.name, signal });
  throw badRequest('drivers/runtime/local', 'no builder is bound in this profile');
};

/** The user's own command, under the guard that ends it with the server. */
const commandLaunch = (record: ServiceRecord, cwd: string): Launch => {
  const self = selfCommand('guard');
  return {
    command: self.command,
    args: [...self.args, ...record.command, ...record.args],
    cwd,
    env: self.env,
    endsWithParent: true,
  };
};

const show = (o: ManagedServiceOptions, state: State, status: RuntimeStatus, error: string): void => {
  state.status = status;
  state.error = error;
  if (error !== '') for (const line of error.split('\n')) o.log.add('runtime', line);
  else o.log.add('runtime', status);
};

const textOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

const describe = (s: State): RuntimeService => ({
  name: s.record.name,
  version: s.record.version,
  source: s.record.source,
  status: s.status,
  metadata: {
    ...s.record.metadata,
    owner: s.record.owner,
    group: s.record.group,
    started: new Date(s.since).toISOString(),
    status: s.status,
    build: s.record.contentId,
    ...(s.error === '' ? {} : { error: s.error }),
    ...(s.updates === 0 ? {} : { updating: 'true' }),
    ...(s.restarts === 0 ? {} : { restarts: String(s.restarts), lastExit: s.lastExit }),
  },
});
