/**
 * The schema of the blob file and the statements over it. A blob's name points at a content; a content is uploaded in chunks, becomes live
 * when a name points at it, and dead when that name moves on. Chunks of contents that are not live are rubbish to be removed.
 */

import type { Step } from '../../../../internal/sqlite/connection.ts';

export const schema: readonly string[] = [
  `CREATE TABLE contents (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     state TEXT NOT NULL CHECK (state IN ('upload', 'live', 'dead')),
     touched INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX contents_to_remove ON contents (state) WHERE state <> 'live';
   CREATE TABLE chunks (
     content_id INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     data BLOB NOT NULL,
     PRIMARY KEY (content_id, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE blobs (
     namespace TEXT NOT NULL,
     key BLOB NOT NULL,
     content_id INTEGER NOT NULL REFERENCES contents (id),
     bytes INTEGER NOT NULL,
     sha256 TEXT NOT NULL,
     PRIMARY KEY (namespace, key)
   ) STRICT, WITHOUT ROWID;`,
];

/** Bytes of one stored chunk; what reading or writing a blob holds in memory is a small multiple of it. */
export const chunkBytes = 256 * 1024;
/** Chunks removed in one transaction, so that other writes can come between. */
const removedChunks = 32;

export const beginContent = (now: number): Step => ({
  sql: `INSERT INTO contents (state, touched) VALUES ('upload', ?1) RETURNING id`,
  values: [now],
});

export const addChunk = (o: { contentId: number; seq: number; data: Uint8Array; now: number }): readonly Step[] => [
  { sql: 'INSERT INTO chunks (content_id, seq, data) VALUES (?1, ?2, ?3)', values: [o.contentId, o.seq, o.data] },
  { sql: 'UPDATE contents SET touched = ?2 WHERE id = ?1', values: [o.contentId, o.now] },
];

export interface Named {
  readonly namespace: string;
  readonly key: Uint8Array;
}

const retire = ({ namespace, key }: Named): Step => ({
  sql: `UPDATE contents SET state = 'dead'
    WHERE id = (SELECT content_id FROM blobs WHERE namespace = ?1 AND key = ?2) RETURNING id`,
  values: [namespace, key],
});

/** Points the name at the content; the first step answers the content it pointed at before. */
export const publish = (name: Named, o: { contentId: number; bytes: number; sha256: string }): readonly Step[] => [
  retire(name),
  {
    sql: `INSERT INTO blobs (namespace, key, content_id, bytes, sha256) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT DO UPDATE SET content_id = excluded.content_id, bytes = excluded.bytes, sha256 = excluded.sha256`,
    values: [name.namespace, name.key, o.contentId, o.bytes, o.sha256],
  },
  { sql: `UPDATE contents SET state = 'live' WHERE id = ?1`, values: [o.contentId] },
];

/** Removes the name; the first step answers the content it pointed at. */
export const unpublish = (name: Named): readonly Step[] => [
  retire(name),
  { sql: 'DELETE FROM blobs WHERE namespace = ?1 AND key = ?2', values: [name.namespace, name.key] },
];

export const find = (name: Named): Step => ({
  sql: 'SELECT content_id, bytes, sha256 FROM blobs WHERE namespace = ?1 AND key = ?2',
  values: [name.namespace, name.key],
});

export const readChunk = (contentId: number, seq: number): Step => ({
  sql: 'SELECT data FROM chunks WHERE content_id = ?1 AND seq = ?2',
  values: [contentId, seq],
});

/** Keys with a prefix in order, behind `after`. */
export const keyPage = (o: { namespace: string; prefix: Uint8Array; after: Uint8Array; limit: number }): Step => ({
  sql: `SELECT key FROM blobs WHERE namespace = ?1 AND key >= ?2 AND key > ?3
    AND substr(key, 1, ?4) = ?2 ORDER BY key LIMIT ?5`,
  values: [o.namespace, o.prefix, o.after, o.prefix.length, o.limit],
});

/** Removes some chunks of a content that is not live; answers a row for each. */
export const removeChunks = (contentId: number): Step => ({
  sql: `DELETE FROM chunks WHERE content_id = ?1
    AND seq IN (SELECT seq FROM chunks WHERE content_id = ?1 LIMIT ${removedChunks})
    AND EXISTS (SELECT 1 FROM contents WHERE id = ?1 AND state <> 'live') RETURNING 1`,
  values: [contentId],
});
export const removeContent = (contentId: number): Step => ({
  sql: `DELETE FROM contents WHERE id = ?1 AND state <> 'live'`,
  values: [contentId],
});

/** Dead contents, and uploads that nobody has touched since `before`. */
export const rubbish = (before: number): Step => ({
  sql: `SELECT id FROM contents WHERE state = 'dead' OR (state = 'upload' AND touched < ?1)`,
  values: [before],
});
