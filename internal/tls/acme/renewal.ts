/** When to order the next certificate: a third of its life before the end, sooner by chance, and never again at once. Pure. */

/** Where chance puts the moment: up to this part of the life earlier, so that many servers do not come together. */
const spread = 1 / 30;

export interface Life {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** For a certificate found on disk. `random` is 0 to 1. */
export const renewAt = ({ notBefore, notAfter }: Life, random: number): number => {
  const life = notAfter - notBefore;
  return notAfter - life / 3 - life * spread * random;
};

/** For one that has just come: whatever dates the authority wrote, half of what is left of it passes first. */
export const renewIssuedAt = (life: Life, now: number, random: number): number =>
  Math.max(renewAt(life, random), now + (life.notAfter - now) / 2);
