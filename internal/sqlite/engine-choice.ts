/** Which engine a database is opened with: the sqlite3 addon, or Node's own SQLite where the addon cannot be loaded or somebody asked for it. Opens nothing. */

import { unavailable } from '../contract/error.ts';
import type { Logger } from '../contract/logger.ts';
import type { DatabaseEngine } from './connection.ts';
import { nodeSqliteEngine } from './node-sqlite-connection.ts';
import { loadAddon, sqlite3Engine } from './sqlite3-connection.ts';

/** More readers would take threads from the pool that files and DNS share (four by default). */
export const addonEngine: DatabaseEngine = { name: 'addon', connect: sqlite3Engine, readers: 2 };
/** Each connection is a thread of some 10 MB, and one of them answers a page of rows in well under a millisecond. */
export const nodeEngine: DatabaseEngine = { name: 'node', connect: nodeSqliteEngine, readers: 1 };

export interface EngineWish {
  /** The setting `engine`: `addon`, `node`, or anything else for whichever can be had, the addon first. */
  readonly wanted: string;
  /** Error id of whoever opens the database. */
  readonly id: string;
  readonly log: Logger;
  /** Replaced in tests. */
  readonly load?: () => Promise<unknown>;
}

/** Says it in one log line when the addon was to be had and could not. Throws `unavailable` when it was asked for by name. */
export const chooseEngine = async (o: EngineWish): Promise<DatabaseEngine> => {
  if (o.wanted === 'node') return nodeEngine;
  try {
    await (o.load ?? loadAddon)();
    return addonEngine;
  } catch (e) {
    const reason = e instanceof Error ? (e.message.split('\n')[0] ?? '') : String(e);
    if (o.wanted === 'addon')
      throw unavailable(o.id, `the sqlite3 addon cannot be loaded: ${reason}`, {
        cause: e,
        hint: "MICRO_SQLITE_ENGINE=node uses Node's own SQLite on the same files",
      });
    o.log.info("the sqlite3 addon cannot be loaded, Node's own SQLite is used", { reason });
    return nodeEngine;
  }
};
