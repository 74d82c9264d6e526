/** The tables of kept leases and the statements over them. Runs nothing. */

import type { Service } from '../../../../internal/contract/registry.ts';
import type { Lease, VersionRecord } from '../../../../internal/registry/registry-table.ts';
import type { Rows, Step } from '../../../../internal/sqlite/connection.ts';
import { type PackedColumn, packRows, unpackedColumns } from '../../../../internal/sqlite/packed-rows.ts';

/** A node without an end has no expires_at. A shape is a version's metadata and endpoints as JSON. */
export const schema = [
  `CREATE TABLE versions (
     domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, shape TEXT NOT NULL,
     PRIMARY KEY (domain, name, version));
   CREATE TABLE nodes (
     domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, id TEXT NOT NULL,
     address TEXT NOT NULL, metadata TEXT NOT NULL, expires_at INTEGER,
     PRIMARY KEY (domain, name, version, id)) WITHOUT ROWID`,
  'ALTER TABLE nodes ADD COLUMN registered_at INTEGER',
];

type VersionName = Pick<VersionRecord, 'domain' | 'name' | 'version'>;

/** One lease of a version. */
export interface KeptLease {
  readonly version: VersionName;
  readonly lease: Lease;
}

const text3 = ['text', 'text', 'text'] as const;
const text4 = ['text', 'text', 'text', 'text'] as const;
const nodeColumns = [...text4, 'text', 'text', 'int', 'int'] as const;
const endColumns = [...text4, 'int'] as const;

/** The columns of many packed rows, named as in the tables. */
const unpacked = (columns: readonly PackedColumn[], names: readonly string[]): string =>
  `SELECT ${unpackedColumns(columns)
    .map((expression, i) => `${expression} AS ${names[i]}`)
    .join(', ')} FROM json_each(?1)`;
const versionName = ['domain', 'name', 'version'];
const nodeName = [...versionName, 'id'];

export const putVersions = (versions: readonly VersionRecord[]): Step => ({
  sql: `INSERT INTO versions ${unpacked(text4, [...versionName, 'shape'])} WHERE true
        ON CONFLICT DO UPDATE SET shape = excluded.shape`,
  values: packRows(
    text4,
    versions.map(({ domain, name, version, metadata, endpoints }) => [
      domain,
      name,
      version,
      JSON.stringify({ metadata, endpoints }),
    ]),
  ),
});

export const putNodes = (leases: readonly KeptLease[]): Step => ({
  sql: `INSERT INTO nodes ${unpacked(nodeColumns, [...nodeName, 'address', 'metadata', 'expires_at', 'registered_at'])} WHERE true
        ON CONFLICT DO UPDATE SET address = excluded.address, metadata = excluded.metadata,
          expires_at = excluded.expires_at, registered_at = excluded.registered_at`,
  values: packRows(
    nodeColumns,
    leases.map(({ version: { domain, name, version }, lease: { node, expiresAt } }) => [
      domain,
      name,
      version,
      node.id,
      node.address,
      JSON.stringify(node.metadata),
      endOf(expiresAt),
      node.registeredAt ?? null,
    ]),
  ),
});

export const renewNodes = (leases: readonly KeptLease[]): Step => ({
  sql: `UPDATE nodes SET expires_at = j.expires_at FROM (${unpacked(endColumns, [...nodeName, 'expires_at'])}) AS j
        WHERE ${nodeName.map((name) => `nodes.${name} = j.${name}`).join(' AND ')}`,
  values: packRows(
    endColumns,
    leases.map(({ version: { domain, name, version }, lease: { node, expiresAt } }) => [
      domain,
      name,
      version,
      node.id,
      endOf(expiresAt),
    ]),
  ),
});

export const removeNodes = (nodes: readonly { readonly version: VersionName; readonly id: string }[]): Step => ({
  sql: `DELETE FROM nodes WHERE (domain, name, version, id) IN (${unpacked(text4, nodeName)})`,
  values: packRows(
    text4,
    nodes.map(({ version: { domain, name, version }, id }) => [domain, name, version, id]),
  ),
});

/** Leaves those that have nodes. */
export const removeVersions = (versions: readonly VersionName[]): Step => ({
  sql: `DELETE FROM versions WHERE (domain, name, version) IN (${unpacked(text3, versionName)})
        AND NOT EXISTS (SELECT 1 FROM nodes AS n
          WHERE n.domain = versions.domain AND n.name = versions.name AND n.version = versions.version)`,
  values: packRows(
    text3,
    versions.map(({ domain, name, version }) => [domain, name, version]),
  ),
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
      nodes: own.map(({ id, address, metadata, registered_at }) => ({
        id: String(id),
        address: String(address),
        metadata: JSON.parse(String(metadata)) as Service['metadata'],
        ...(registered_at === null ? {} : { registeredAt: Number(registered_at) }),
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
