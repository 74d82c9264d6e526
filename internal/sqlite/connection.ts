/**
 * SqliteConnection: the small interface behind which an engine stands (sqlite3-connection.ts, node-sqlite-connection.ts).
 * A connection does one thing at a time; whoever holds it waits for one call before the next. Knows no grouping and no schema.
 */

export type SqlValue = null | number | string | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;
export type Rows = readonly Row[];

/** One statement with the values of ?1, ?2, … */
export interface Step {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

export interface SqliteConnection {
  /** All steps in one transaction, or none of them; the rows of each. A single step costs no BEGIN. Resolves after the commit. */
  transact(steps: readonly Step[]): Promise<readonly Rows[]>;
  /** One statement outside any transaction of ours. */
  query(step: Step): Promise<Rows>;
  /** Several statements without values or rows (pragmas, schema). */
  execute(sql: string): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly file: string;
  /** Milliseconds to wait for a lock that another connection or process holds. */
  readonly busyTimeoutMs: number;
}

/** Opens a connection. Everything it throws, now or later, is an Error whose `code` is SQLite's name of the fault (`SQLITE_FULL`). */
export type Engine = (o: ConnectionOptions) => Promise<SqliteConnection>;

/** One of the two copies of SQLite that this program can use. */
export interface DatabaseEngine {
  readonly name: 'addon' | 'node';
  readonly connect: Engine;
  /** Read connections of one database. */
  readonly readers: number;
}
