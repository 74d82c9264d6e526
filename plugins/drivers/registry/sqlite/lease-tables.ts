/** The tables of kept leases and the statements over them. Runs nothing. */

import type { Service } from '../../../../internal/contract/registry.ts';
import type { Lease, VersionRecord } from '../../../../internal/registry/registry-table.ts';
import type { Rows, Step } from '../../../../internal/sqlite/connection.ts';

/** A node without an end has no expires_at. A shape is a version's metadata and endpoints as JSON. */
export const schema = [
  `CREATE TABLE versions (
     domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, shape TEXT NOT NULL,
     PRIMARY KEY (domain, name, version));
   CREATE TABLE nodes (
     domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, id TEXT NOT NULL,
     address TEXT NOT NULL, metadata TEXT NOT NULL, expires_at INTEGER,
     PRIMARY KEY (domain, name, version, id)) WITHOUT ROWID`,
];

type VersionName = Pick<VersionRecord, 'domain' | 'name' | 'version'>;

export const putVersion = ({ domain, name, version, metadata, endpoints }: VersionRecord): Step => ({
  sql: 'INSERT INTO versions VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET shape = excluded.shape',
  values: [domain, name, version, JSON.stringify({ metadata, endpoints })],
});

export const putNode = ({ domain, name, version }: VersionName, { node, expiresAt }: Lease): Step => ({
  sql: `INSERT INTO nodes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET address = excluded.address, metadata = excluded.metadata, expires_at = excluded.expires_at`,
  values: [domain, name, version, node.id, node.address, JSON.stringify(node.metadata), endOf(expiresAt)],
});

/** Many leases put off in one statement. */
export const renew = (leases: readonly { readonly version: VersionName; readonly lease: Lease }[]): Step => ({
  sql: `UPDATE nodes SET expires_at = json_extract(j.value, '$[4]') FROM json_each(?1) AS j
        WHERE nodes.domain = json_extract(j.value, '$[0]') AND nodes.name = json_extract(j.value, '$[1]')
          AND nodes.version = json_extract(j.value, '$[2]') AND nodes.id = json_extract(j.value, '$[3]')`,
  values: [
    JSON.stringify(
      leases.map(({ version: { domain, name, version }, lease }) => [
        domain,
        name,
        version,
        lease.node.id,
        endOf(lease.expiresAt),
      ]),
    ),
  ],
});

export const removeNode = ({ domain, name, version }: VersionName, id: string): Step => ({
  sql: 'DELETE FROM nodes WHERE domain = ?1 AND name = ?2 AND version = ?3 AND id = ?4',
  values: [domain, name, version, id],
});

/** Does nothing while the version has nodes. */
export const removeVersion = ({ domain, name, version }: VersionName): Step => ({
  sql: `DELETE FROM versions WHERE domain = ?1 AND name = ?2 AND version = ?3 AND NOT EXISTS
        (SELECT 1 FROM nodes WHERE domain = ?1 AND name = ?2 AND version = ?3)`,
  values: [domain, name, version],
});

export const allVersions: Step = { sql: 'SELECT * FROM versions ORDER BY domain, name, version' };
export const allNodes: Step = { sql: 'SELECT * FROM nodes ORDER BY domain, name, version, id' };

/** A version as it was kept, and when the lease of each of its nodes ends. */
export interface Kept {
  readonly domain: string;
  readonly service: Service;
  readonly expiresAt: readonly number[];
}

/** Rows -> records; a version without nodes is left out, as is a node without a version. */
export const keptOf = (versions: Rows, nodes: Rows): readonly Kept[] => {
  const byVersion = Map.groupBy(nodes, keyOfRow);
  return versions.flatMap((row) => {
    const own = byVersion.get(keyOfRow(row)) ?? [];
    if (own.length === 0) return [];
    const shape = JSON.parse(String(row.shape)) as Pick<Service, 'metadata' | 'endpoints'>;
    const service: Service = {
      ...shape,
      name: String(row.name),
      version: String(row.version),
      nodes: own.map(({ id, address, metadata }) => ({
        id: String(id),
        address: String(address),
        metadata: JSON.parse(String(metadata)) as Service['metadata'],
      })),
    };
    return [
      {
        domain: String(row.domain),
        service,
        expiresAt: own.map(({ expires_at }) => (expires_at === null ? Infinity : Number(expires_at))),
      },
    ];
  });
};

const keyOfRow = ({ domain, name, version }: Rows[number]): string => JSON.stringify([domain, name, version]);

const endOf = (expiresAt: number): number | null => (expiresAt === Infinity ? null : Math.round(expiresAt));
