/**
 * One generation of a service: the processes that run one content of it, one after the other. Starts them, waits until each is registered
 * and answering, starts again after a crash. Owns the processes; what the service as a whole shows is managed-service.ts's business.
 */

import type { Launch } from '../../../../internal/contract/builder.ts';
import type { Client } from '../../../../internal/contract/client.ts';
import { restartDelayMsMax, restartResetMs } from '../../../../internal/contract/limits.ts';
import type { Node, Registry } from '../../../../internal/contract/registry.ts';
import type { ProcessLedger } from '../../../../internal/process/process-ledger.ts';
import { type SpawnedProcess, spawnProcess } from '../../../../internal/process/spawn.ts';
import { supervise, type UnexpectedEnd } from '../../../../internal/process/supervise.ts';
import { nodesOf, untilReady } from './readiness.ts';
import type { ServiceLog } from './service-log.ts';
import type { ServiceRecord } from './service-record.ts';

export interface GenerationOptions {
  readonly record: ServiceRecord;
  readonly launch: Launch;
  /** The whole environment of each process; asked for at each start. */
  environment(): Promise<Readonly<Record<string, string>>>;
  readonly registry: Registry;
  readonly client: Client;
  readonly log: ServiceLog;
  readonly ledger: ProcessLedger;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly restartDelayMs: number;
  readonly now: () => number;
  /** A process runs, but is not ready yet. */
  onStarting(): void;
  onReady(): void;
  /** A process has ended by itself, or was ended because it did not become ready. */
  onEnd(end: UnexpectedEnd): void;
}

export interface Generation {
  readonly record: ServiceRecord;
  /** Resolves when a process is ready for the first time; rejects with the reason when the first one ends before. */
  readonly firstReady: Promise<void>;
  /** Default grace: stopTimeoutMs. */
  stop(graceMs?: number): Promise<void>;
}

export const startGeneration = (o: GenerationOptions): Generation => {
  const first = Promise.withResolvers<void>();
  // Whoever does not care how the first start went must not be told by a crash.
  first.promise.catch(() => {});
  let others: ReadonlySet<string> = new Set();
  let node: Node | undefined;
  let waiting: Promise<void> = Promise.resolve();
  let forgotten: Promise<void> = Promise.resolve();

  const supervised = supervise({
    delayMsMin: o.restartDelayMs,
    delayMsMax: restartDelayMsMax,
    resetMs: restartResetMs,
    now: o.now,
    start: async () => {
      others = new Set((await nodesOf({ registry: o.registry, ...o.record })).map((n) => n.id));
      const spawned = await spawnOnce(o);
      o.ledger.add(spawned);
      return spawned;
    },
    onStart: (process) => {
      o.onStarting();
      waiting = becomeReady(process);
    },
    onExit: (end) => {
      first.reject(new Error(end.reason));
      o.onEnd(end);
    },
  });

  const becomeReady = async (process: SpawnedProcess): Promise<void> => {
    const ended = new AbortController();
    const before = others;
    forgotten = process.exited.then(() => {
      o.ledger.remove(process.pid);
      ended.abort();
      return forget(process.pid, before);
    });
    try {
      node = await untilReady({ ...o, ...o.record, others: before, timeoutMs: o.startTimeoutMs, signal: ended.signal });
      o.onReady();
      first.resolve();
    } catch (e) {
      if (ended.signal.aborted) return;
      await supervised.fail(e instanceof Error ? e.message : String(e), o.stopTimeoutMs);
    }
  };

  /** A process that did not deregister itself must not be called any more, whether it ever became ready or not. */
  const forget = async (pid: number, before: ReadonlySet<string>): Promise<void> => {
    const known = node?.id;
    node = undefined;
    const { name, version, namespace } = o.record;
    try {
      const nodes = await nodesOf({ registry: o.registry, name, version, namespace });
      const gone = nodes.filter((n) => n.id === known || (n.metadata.pid === String(pid) && !before.has(n.id)));
      if (gone.length > 0) await o.registry.deregister({ name, version, nodes: gone }, { domain: namespace });
    } catch (e) {
      o.log.add('runtime', `cannot deregister a node of process ${pid}: ${e instanceof Error ? e.message : String(e)}`);
    }
  };

  return {
    record: o.record,
    firstReady: first.promise,
    stop: async (graceMs = o.stopTimeoutMs) => {
      await supervised.stop(graceMs);
      first.reject(new Error('stopped'));
      await waiting;
      await forgotten;
    },
  };
};

const spawnOnce = async (o: GenerationOptions): Promise<SpawnedProcess> =>
  spawnProcess({
    command: o.launch.command,
    args: o.launch.args,
    cwd: o.launch.cwd,
    env: { ...(await o.environment()), ...o.launch.env },
    ipc: o.launch.endsWithParent,
    onLine: (stream, line) => o.log.add(stream, line),
  });
