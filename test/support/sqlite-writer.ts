/** A process of the durability tests: writes keys `<name>/<n>` to a database for ever, some at a time, and reports each acknowledgement or fault. */

import { openDatabase } from '../../internal/sqlite/database.ts';
import { addonEngine, nodeEngine } from '../../internal/sqlite/engine-choice.ts';
import { unpackedColumns } from '../../internal/sqlite/packed-rows.ts';

const [, , file = '', name = '', engineName = 'addon'] = process.argv;
const columns = ['bytes', 'bytes', 'int'] as const;
const statement = {
  columns,
  sql: `INSERT INTO t SELECT ${unpackedColumns(columns).join(', ')} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET v = excluded.v`,
};
const schema = ['CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB NOT NULL, n INTEGER CHECK (n <> 13)) STRICT'];

process.on('disconnect', () => process.exit(0));
const db = await openDatabase({ file, id: 'test', schema, engine: engineName === 'node' ? nodeEngine : addonEngine });
let n = 0;
const client = async (): Promise<void> => {
  for (;;) {
    n += 1;
    const key = `${name}/${n}`;
    try {
      await db.writer.write(statement, [Buffer.from(key), Buffer.alloc(500), 1]);
      process.send?.({ acked: key });
    } catch (e) {
      process.send?.({ fault: e instanceof Error ? e.message : String(e) });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
};
await Promise.all(Array.from({ length: 8 }, client));
