/** Random numbers that a seed repeats, for inputs that can be made again. */

export interface Random {
  /** A whole number below n. */
  below(n: number): number;
  /** True once in n times. */
  oneIn(n: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Marsaglia's xorshift with 32 bits; a seed of 0 is taken as 1. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0 || 1;
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  return { below, oneIn: (n) => below(n) === 0, pick: (list) => list[below(list.length)]! };
};
