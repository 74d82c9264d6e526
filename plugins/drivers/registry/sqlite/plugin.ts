/** Manifest of drivers/registry/sqlite: services in memory, and what registered from outside in a file as well. */

import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';
import { registry } from '../../../../internal/contract/registry.ts';

export const config = fields({
  file: { type: 'string', doc: 'Database file, relative to the data directory', default: 'registry.db' },
  engine: {
    type: 'enum',
    values: ['auto', 'addon', 'node'],
    doc: "SQLite to use: the sqlite3 addon, Node's own, or auto for whichever can be loaded, the addon first",
    default: 'auto',
    env: 'MICRO_SQLITE_ENGINE',
  },
  busy_timeout: { type: 'duration', doc: 'How long to wait for a lock of another process', default: 5_000 },
});

export const plugin = defineDriver({
  id: 'drivers/registry/sqlite',
  summary: 'Services kept in memory; those from outside outlive a restart in one SQLite file',
  provides: registry,
  config,
  load: () => import('./sqlite-registry.ts'),
});
