/** Manifest of drivers/store/sqlite. */

import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { store } from '../../../../internal/contract/store.ts';

export const config = fields({
  file: { type: 'string', doc: 'Database file, relative to the data directory', default: 'store.db' },
  engine: {
    type: 'enum',
    values: ['auto', 'addon', 'node'],
    doc: "SQLite to use: the sqlite3 addon, Node's own, or auto for whichever can be loaded, the addon first",
    default: 'auto',
    env: 'MICRO_SQLITE_ENGINE',
  },
  busy_timeout: { type: 'duration', doc: 'How long to wait for a lock of another process', default: 5_000 },
  file_bytes_max: { type: 'int64', doc: 'Largest size of the file in bytes, 0 for no bound', default: 0n },
  sweep_interval: { type: 'duration', doc: 'How often expired records are removed from disk', default: 60_000 },
});

export const plugin = defineDriver({
  id: 'drivers/store/sqlite',
  summary: 'Records in one SQLite file, on disk before they are acknowledged',
  provides: store,
  config,
  load: () => import('./sqlite-store.ts'),
});
