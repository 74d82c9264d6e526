/** The tables and their files. A change is resolved when it is on disk; while one file is being written, further changes of its table gather for the next one. */

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { CheckedRecord } from 'micro/plugin';

export interface Table {
  readonly database: string;
  readonly table: string;
  readonly records: Map<string, CheckedRecord>;
}

interface TableName {
  readonly database: string;
  readonly table: string;
}

export interface TableFiles {
  /** Reads every file. */
  load(): Promise<void>;
  find(name: TableName): Table | undefined;
  all(): readonly Table[];
  /** Changes the records at once; resolves when the file has them. */
  change(name: TableName, change: (records: Table['records']) => void): Promise<void>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

interface Open extends Table {
  /** Ends when what was changed so far is on disk. */
  writing: Promise<void> | undefined;
  next: Promise<void> | undefined;
}

/** Touches no disk before load(). */
export const openTableFiles = (folder: () => string): TableFiles => {
  const tables = new Map<string, Open>();
  const keyOf = ({ database, table }: TableName): string => JSON.stringify([database, table]);
  const opened = (name: TableName): Open => {
    const known = tables.get(keyOf(name));
    if (known !== undefined) return known;
    const { database, table } = name;
    const made: Open = { database, table, records: new Map(), writing: undefined, next: undefined };
    tables.set(keyOf(name), made);
    return made;
  };
  const write = async (table: Open): Promise<void> => {
    table.next = undefined;
    await writeTable(join(folder(), fileOf(table)), table);
  };
  return {
    load: async () => {
      await mkdir(folder(), { recursive: true });
      for (const file of await readdir(folder())) {
        if (!file.endsWith('.json')) continue;
        const { database, table, records } = readTable(await readFile(join(folder(), file), 'utf8'), file);
        for (const record of records) opened({ database, table }).records.set(record.key, record);
      }
    },
    find: (name) => tables.get(keyOf(name)),
    all: () => [...tables.values()],
    change: (name, change) => {
      const table = opened(name);
      change(table.records);
      // After the write that is under way, whose failure is its own callers' business.
      table.next ??= (table.writing ?? Promise.resolve()).catch(() => undefined).then(() => write(table));
      table.writing = table.next;
      return table.next;
    },
    idle: async () => {
      await Promise.allSettled([...tables.values()].map(({ writing }) => writing));
    },
  };
};

/** Names may be longer than a file's name, and hold anything. */
const fileOf = ({ database, table }: TableName): string =>
  `${createHash('sha256')
    .update(JSON.stringify([database, table]))
    .digest('hex')
    .slice(0, 32)}.json`;

interface Row {
  readonly key: string;
  /** Base64. */
  readonly value: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly expires?: number;
}

/** Written aside, flushed and renamed: readers see the old file or the new one. */
const writeTable = async (file: string, { database, table, records }: Table): Promise<void> => {
  const rows = [...records.values()].map(({ key, value, metadata, expires }): Row => {
    const text = Buffer.from(value).toString('base64');
    return { key, value: text, ...(Object.keys(metadata).length > 0 ? { metadata } : {}), expires };
  });
  const aside = `${file}.new`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ database, table, records: rows }, null, 1));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
};

const readTable = (text: string, file: string): TableName & { readonly records: readonly CheckedRecord[] } => {
  try {
    const { database, table, records } = JSON.parse(text) as TableName & { readonly records: readonly Row[] };
    return {
      database,
      table,
      records: records.map(({ key, value, metadata, expires }) => ({
        key,
        value: new Uint8Array(Buffer.from(value, 'base64')),
        metadata: Object.assign(Object.create(null), metadata),
        expires,
      })),
    };
  } catch (e) {
    throw new Error(`${file} is damaged: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
};
