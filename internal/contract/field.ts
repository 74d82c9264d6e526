/** FieldSpec: the one description of a typed value, used for flags, settings and proto messages. Types only; parsing lives in internal/field. */

export type FieldType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'float'
  | 'double'
  | 'bytes'
  | 'enum'
  | 'map'
  | 'message'
  | 'duration'
  | 'json';

export interface FieldSpec<T extends FieldType = FieldType> {
  readonly type: T;
  /** The type text shown in help and registered ('float64', '[]string', an enum's or message's name). */
  readonly typeName?: string;
  /** The names an enum allows. */
  readonly values?: readonly string[];
  /** The fields of a message. */
  readonly fields?: FieldSpecs;
  /** A map's value type. */
  readonly item?: FieldSpec;
  /** One sentence without a full stop; shown in --help and in the docs. */
  readonly doc: string;
  /** May be given several times; the value is an array. */
  readonly list?: boolean;
  readonly required?: boolean;
  readonly default?: ScalarOf<T>;
  /** The MICRO_… variable that sets it. */
  readonly env?: string;
  /** One-letter alias, without the dash. */
  readonly short?: string;
  /** A second long name ('email' for 'username'). */
  readonly alias?: string;
  /** Masked as *** in logs, help and `micro plugin config`. */
  readonly secret?: boolean;
}

export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** What a type is in code: int64 and uint64 are bigint, bytes are Uint8Array, a duration is milliseconds. */
export type ScalarOf<T extends FieldType> = T extends 'string' | 'enum'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'int64' | 'uint64'
      ? bigint
      : T extends 'int32' | 'uint32' | 'float' | 'double' | 'duration'
        ? number
        : T extends 'bytes'
          ? Uint8Array
          : T extends 'map' | 'message'
            ? Readonly<Record<string, unknown>>
            : unknown;

type Item<S extends FieldSpec> = S extends { list: true } ? readonly ScalarOf<S['type']>[] : ScalarOf<S['type']>;
type Always<S extends FieldSpecs> = {
  [K in keyof S]: S[K] extends { required: true } | { default: unknown } | { list: true } ? K : never;
}[keyof S];

/** What code receives: required, defaulted and list fields are always there, the others may be undefined. */
export type Values<S extends FieldSpecs> = { readonly [K in Always<S>]: Item<S[K]> } & {
  readonly [K in Exclude<keyof S, Always<S>>]?: Item<S[K]>;
};

/** Keeps the literal types of a field table, so that Values can be inferred from it. */
export const fields = <const S extends FieldSpecs>(specs: S): S => specs;
