/** The fields of a registered request as flags see them: every path, its type, and the ways to spell it (cli.md 3.4). Pure. */

import type { ValueTree } from '../../../internal/contract/handler.ts';
import { type Flag, flagsOf, messageFlagsOf } from '../../../internal/schema/fields.ts';

export interface RequestField {
  /** Field names from the top down. */
  readonly path: readonly string[];
  /** Go's text for the type. */
  readonly type: string;
  /** A field without fields of its own. */
  readonly leaf: boolean;
}

export interface RequestFields {
  /** Leaves depth first, in field order, then the messages that hold them. */
  readonly all: readonly RequestField[];
  /** The field a flag names, whichever separator it uses. */
  find(flag: string): RequestField | undefined;
}

export const requestFields = (request: ValueTree | undefined): RequestFields => {
  const all = [
    ...flagsOf(request).map((flag) => fieldOf(flag, true)),
    ...messageFlagsOf(request).map((flag) => fieldOf(flag, false)),
  ];
  const byDash = index(all, (field) => field.path.join('-'));
  const byUnderscore = index(all, flagName);
  const byEither = uniqueIndex(all, (field) => eitherSeparator(flagName(field)));
  return {
    all,
    find: (flag) => byDash.get(flag) ?? byUnderscore.get(flag) ?? byEither.get(eitherSeparator(flag)),
  };
};

/** The spelling that help prints. */
export const flagName = (field: RequestField): string => field.path.join('_');

const eitherSeparator = (name: string): string => name.replaceAll('-', '_');

const fieldOf = ({ path, type }: Flag, leaf: boolean): RequestField => ({ path, type, leaf });

/** The first field wins where two share a key. */
const index = (all: readonly RequestField[], key: (field: RequestField) => string): Map<string, RequestField> =>
  new Map(all.map((field) => [key(field), field] as const).reverse());

/** Keys that two fields share are left out: a guess could hit the wrong one. */
const uniqueIndex = (all: readonly RequestField[], key: (field: RequestField) => string): Map<string, RequestField> => {
  const counts = new Map<string, number>();
  for (const field of all) counts.set(key(field), (counts.get(key(field)) ?? 0) + 1);
  return index(
    all.filter((field) => counts.get(key(field)) === 1),
    key,
  );
};
