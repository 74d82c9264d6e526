/** Manifest of drivers/blob/sqlite. */

import { blob } from '../../../../internal/contract/blob.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const config = fields({
  file: { type: 'string', doc: 'Database file, relative to the data directory', default: 'blob.db' },
  engine: {
    type: 'enum',
    values: ['auto', 'addon', 'node'],
    doc: "SQLite to use: the sqlite3 addon, Node's own, or auto for whichever can be loaded, the addon first",
    default: 'auto',
    env: 'MICRO_SQLITE_ENGINE',
  },
  busy_timeout: { type: 'duration', doc: 'How long to wait for a lock of another process', default: 5_000 },
  file_bytes_max: { type: 'int64', doc: 'Largest size of the file in bytes, 0 for no bound', default: 0n },
});

export const plugin = defineDriver({
  id: 'drivers/blob/sqlite',
  summary: 'Blobs in one SQLite file, in chunks',
  provides: blob,
  config,
  load: () => import('./sqlite-blob.ts'),
});
