/** The engine on the sqlite3 package: statements run in the thread pool, so a slow scan or an fsync never holds up the event loop. The only importer of sqlite3. */

import type { Database, Statement } from 'sqlite3';

import type { Engine, Row, Rows, SqliteConnection, Step } from './connection.ts';

/** Prepared statements kept per connection; our code uses a handful. */
const statementsMax = 64;

/** Rejects where the addon cannot be loaded. */
export const loadAddon = async (): Promise<typeof import('sqlite3')> => {
  const { default: sqlite3 } = await import('sqlite3');
  // Some loaders hand out a module that failed once as an empty one the second time.
  if (typeof sqlite3?.Database !== 'function') throw new Error('it failed to load before');
  return sqlite3;
};

export const sqlite3Engine: Engine = async (o) => {
  const sqlite3 = await loadAddon();
  const db = await new Promise<Database>((resolve, reject) => {
    const opened: Database = new sqlite3.Database(o.file, (e) => (e ? reject(e) : resolve(opened)));
  });
  db.configure('busyTimeout', o.busyTimeoutMs);
  return connectionOf(db);
};

const connectionOf = (db: Database): SqliteConnection => {
  const statements = new Map<string, Statement>();
  const prepared = async (sql: string): Promise<Statement> => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= statementsMax) await dropOldest(statements);
    const made = await prepare(db, sql);
    statements.set(sql, made);
    return made;
  };
  const query = async (step: Step): Promise<Rows> => runAll(await prepared(step.sql), step);
  let closed: Promise<void> | undefined;
  return {
    query,
    execute: (sql) => execute(db, sql),
    transact: async (steps) => {
      const [only] = steps;
      if (steps.length === 1 && only !== undefined) return [await query(only)];
      await query({ sql: 'BEGIN IMMEDIATE' });
      try {
        const results: Rows[] = [];
        for (const step of steps) results.push(await query(step));
        await query({ sql: 'COMMIT' });
        return results;
      } catch (e) {
        await rollBack(db);
        throw e;
      }
    },
    close: () => {
      closed ??= closeAll(db, statements);
      return closed;
    },
  };
};

const prepare = (db: Database, sql: string): Promise<Statement> =>
  new Promise((resolve, reject) => {
    const made: Statement = db.prepare(sql, (e: Error | null) => (e ? reject(e) : resolve(made)));
  });

const runAll = (statement: Statement, step: Step): Promise<Rows> =>
  new Promise((resolve, reject) => {
    statement.all<Row>(step.values ?? [], (e, rows) => (e ? reject(e) : resolve(rows)));
  });

const execute = (db: Database, sql: string): Promise<void> =>
  new Promise((resolve, reject) => {
    db.exec(sql, (e) => (e ? reject(e) : resolve()));
  });

/** SQLite rolls back by itself on a full disk and on I/O errors; only the complaint about that is passed over. */
const rollBack = async (db: Database): Promise<void> => {
  try {
    await execute(db, 'ROLLBACK');
  } catch (e) {
    if (!(e instanceof Error && e.message.includes('no transaction is active'))) throw e;
  }
};

const finalize = (statement: Statement): Promise<void> =>
  new Promise((resolve) => {
    // A statement that failed last time reports that fault once more here; it was reported to its caller already.
    statement.finalize(() => resolve());
  });

const dropOldest = async (statements: Map<string, Statement>): Promise<void> => {
  for (const [sql, statement] of statements) {
    statements.delete(sql);
    await finalize(statement);
    return;
  }
};

const closeAll = async (db: Database, statements: Map<string, Statement>): Promise<void> => {
  for (const statement of statements.values()) await finalize(statement);
  statements.clear();
  await new Promise<void>((resolve, reject) => {
    db.close((e) => (e ? reject(e) : resolve()));
  });
};
