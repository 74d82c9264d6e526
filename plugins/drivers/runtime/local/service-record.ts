/** What is kept of each service so that it comes back after a restart: its shape, its key and its table. Owns the format; starts nothing. */

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { internal } from '../../../../internal/contract/error.ts';
import type { Store } from '../../../../internal/contract/store.ts';

export interface ServiceRecord {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** `source://NAME:VERSION`. */
  readonly source: string;
  /** Which content of the source runs. */
  readonly contentId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly type: string;
  readonly entrypoint: string;
  readonly owner: string;
  readonly group: string;
}

/** One service everywhere: namespace, name and version. None of them holds a `/`. */
export const keyOf = (s: Pick<ServiceRecord, 'namespace' | 'name' | 'version'>): string =>
  `${s.namespace}/${s.name}@${s.version}`;

export interface RecordTable {
  put(record: ServiceRecord): Promise<void>;
  remove(record: ServiceRecord): Promise<void>;
  all(): Promise<readonly ServiceRecord[]>;
}

const place = { database: defaultNamespace, table: 'runtime' };

export const recordTable = (store: Store): RecordTable => ({
  put: (r) => store.write({ key: `service:${keyOf(r)}`, value: Buffer.from(JSON.stringify(r)) }, place),
  remove: (r) => store.delete(`service:${keyOf(r)}`, place),
  all: async () => (await store.scan({ ...place, prefix: 'service:' })).map((r) => parseRecord(r.key, r.value)),
});

const parseRecord = (key: string, value: Uint8Array): ServiceRecord => {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as ServiceRecord;
  } catch (e) {
    throw internal(
      'drivers/runtime/local',
      `record ${key} of table micro/runtime is damaged; remove it with the store`,
      { cause: e },
    );
  }
};
