/** Capability tokens: what plugins provide and need. Compared by name, never by identity, so a plugin may carry its own copy. */

export interface Capability<T> {
  readonly name: string;
  readonly mode: 'one' | 'optional' | 'all';
  readonly _type?: (x: T) => T;
}

export type Needs = Readonly<Record<string, Capability<any>>>;

/** A slot that exactly one driver fills. */
export const capability = <T>(name: string): Capability<T> => ({ name, mode: 'one' });
/** A need that may stay unfilled; the value is then undefined. */
export const optional = <T>(c: Capability<T>): Capability<T | undefined> => ({ name: c.name, mode: 'optional' });
/** A need for every driver that the profile binds to the slot, in the profile's order. */
export const all = <T>(c: Capability<T>): Capability<readonly T[]> => ({ name: c.name, mode: 'all' });

export type Resolved<N extends Needs> = { readonly [K in keyof N]: N[K] extends Capability<infer T> ? T : never };
