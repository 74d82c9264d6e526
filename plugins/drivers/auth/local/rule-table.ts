/** Stored rules per namespace, remembered in memory. Owns their keys and JSON; decides nothing (internal/auth/rules.ts does). */

import { defaultRule } from '../../../../internal/auth/rules.ts';
import type { Rule } from '../../../../internal/contract/auth.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import { ruleCacheMax, rulesMax } from '../../../../internal/contract/limits.ts';
import { type AuthTable, type JsonRecord, keyOf, textOf } from './auth-table.ts';

export interface RuleTable {
  /** Sorted by id; the same array until something changes. A namespace without rules has the default rule. */
  list(namespace: string): Promise<readonly Rule[]>;
  /** As list, where that is in memory. */
  known(namespace: string): readonly Rule[] | undefined;
  /** Throws badRequest for an id that is taken. Calls must not overlap. */
  create(namespace: string, rule: Rule): Promise<void>;
  /** Throws badRequest for an unknown id. Calls must not overlap. */
  remove(namespace: string, id: string): Promise<void>;
}

/**
 * The default rule of a namespace is written with the namespace's first own rule, not when someone looks: namespaces are named
 * by callers, and a look must not fill the disk. `changed` is told of each change, once list() follows it; also of one that may have failed.
 */
export const createRuleTable = (table: AuthTable, changed: (namespace: string) => void): RuleTable => {
  const cache = new Map<string, readonly Rule[]>();
  let changes = 0;
  const readStored = async (namespace: string): Promise<readonly Rule[]> =>
    (await table.scan(`${keyOf('rules', namespace)}/`)).map(fromRecord);
  const write = (namespace: string, rule: Rule): Promise<void> =>
    table.write(keyOf('rules', namespace, rule.id), toRecord(rule));
  const forget = (namespace: string): void => {
    changes += 1;
    cache.delete(namespace);
    changed(namespace);
  };
  return {
    async list(namespace) {
      const known = cache.get(namespace);
      if (known !== undefined) return known;
      const before = changes;
      const stored = await readStored(namespace);
      const rules = stored.length === 0 ? [defaultRule] : stored;
      if (before === changes) remember(cache, namespace, rules);
      return rules;
    },
    known: (namespace) => cache.get(namespace),
    async create(namespace, rule) {
      const stored = await readStored(namespace);
      const id = 'auth.Rules.Create';
      const present = stored.length === 0 ? [defaultRule] : stored;
      if (present.some((r) => r.id === rule.id)) throw badRequest(id, 'A rule with this ID already exists');
      if (present.length >= rulesMax)
        throw badRequest(id, `namespace ${namespace} has too many rules: rulesMax (${rulesMax})`);
      try {
        if (stored.length === 0) await write(namespace, defaultRule);
        await write(namespace, rule);
      } finally {
        forget(namespace);
      }
    },
    async remove(namespace, id) {
      const stored = await readStored(namespace);
      // Deleting the only rule there is, the default one, brings it back at once, as in v3.
      if (stored.length === 0 && id === defaultRule.id) return;
      if (!stored.some((r) => r.id === id)) throw badRequest('auth.Rules.Delete', 'Rule not found');
      try {
        await table.delete(keyOf('rules', namespace, id));
      } finally {
        forget(namespace);
      }
    },
  };
};

const remember = (cache: Map<string, readonly Rule[]>, namespace: string, rules: readonly Rule[]): void => {
  const [oldest] = cache.keys();
  if (cache.size >= ruleCacheMax && oldest !== undefined) cache.delete(oldest);
  cache.set(namespace, rules);
};

/** Zero values are left out and access is a number, as v3 stores them. */
const toRecord = (rule: Rule): JsonRecord => {
  const { name, type, endpoint } = rule.resource;
  return {
    id: rule.id,
    ...(rule.scope !== '' && { scope: rule.scope }),
    resource: { name, type, endpoint },
    access: rule.access === 'granted' ? 1 : 2,
    ...(rule.priority !== 0 && { priority: rule.priority }),
  };
};

const fromRecord = (record: JsonRecord): Rule => {
  const resource = (record.resource ?? {}) as JsonRecord;
  return {
    id: textOf(record.id),
    scope: textOf(record.scope),
    resource: { type: textOf(resource.type), name: textOf(resource.name), endpoint: textOf(resource.endpoint) },
    access: record.access === 1 ? 'granted' : 'denied',
    priority: typeof record.priority === 'number' ? record.priority : 0,
  };
};
