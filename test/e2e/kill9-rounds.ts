/**
 * Rounds of: write records through the proxy while counting what is acknowledged, kill -9 the server, start it again on the same folder, look.
 * Used by durability.test.ts (few rounds) and kill9-soak.ts (many, by hand).
 */

import { openAdminCaller } from '../support/rpc.ts';
import { processesWith } from '../support/processes.ts';
import { poll } from '../support/poll.ts';
import type { Server } from '../support/server.ts';

export interface RoundOptions {
  readonly writesPerSecond: number;
  /** Milliseconds of writing before the kill. */
  readonly writeMs: number;
  /** Called after each restart, with what still has to hold. */
  check(server: Server): Promise<void>;
}

export interface Round {
  readonly server: Server;
  readonly acknowledged: number;
}

/** One round; rejects when an acknowledged record is missing or a process of the dead server stays. */
export const kill9Round = async (server: Server, name: string, o: RoundOptions): Promise<Round> => {
  const acknowledged = await writeUntilKilled(server, name, o);
  if (acknowledged.size === 0) throw new Error('no write was acknowledged before the kill');
  await poll('every process of the dead server to end', () => processesWith('HOME', server.home).length === 0);
  const next = await server.restart();
  await mustHold(next, name, acknowledged);
  await o.check(next);
  return { server: next, acknowledged: acknowledged.size };
};

const writeUntilKilled = async (server: Server, name: string, o: RoundOptions): Promise<Map<string, string>> => {
  const caller = await openAdminCaller(server.proxyAddress);
  const acknowledged = new Map<string, string>();
  const running: Promise<void>[] = [];
  let killed = false;
  const write = async (key: string): Promise<void> => {
    const value = Buffer.from(`${key} ${Math.random()}`).toString('base64');
    try {
      await caller.call('store', 'Store.Write', {
        record: { key, value },
        options: { database: 'micro', table: 'soak' },
      });
      acknowledged.set(key, value);
    } catch (e) {
      if (!killed) throw e;
    }
  };
  const pauseMs = 1_000 / o.writesPerSecond;
  const started = performance.now();
  for (let n = 0; performance.now() - started < o.writeMs; n += 1) {
    running.push(write(`${name}/${n}`));
    await new Promise((r) => setTimeout(r, Math.max(0, started + n * pauseMs - performance.now())));
  }
  // Not waited for: the kill must meet writes that are on their way.
  killed = true;
  await server.kill9();
  await Promise.all(running);
  await caller.close();
  return acknowledged;
};

const mustHold = async (server: Server, name: string, wanted: ReadonlyMap<string, string>): Promise<void> => {
  const caller = await openAdminCaller(server.proxyAddress);
  try {
    const answer = await caller.call('store', 'Store.Read', {
      key: `${name}/`,
      options: { database: 'micro', table: 'soak', prefix: true },
    });
    const records = new Map((answer.records as { key: string; value: string }[]).map((r) => [r.key, r.value]));
    const lost = [...wanted].filter(([key, value]) => records.get(key) !== value).map(([key]) => key);
    if (lost.length > 0)
      throw new Error(`${lost.length} of ${wanted.size} acknowledged records are lost: ${lost.slice(0, 5)}`);
  } finally {
    await caller.close();
  }
};
