/** Versions of releases as text: `v0.1.0`, `v1.0.0-rc.1`. Pure. */

/** The numbers, and what follows a dash. Nothing that means something in a path or an address can stand in it. */
const form = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+[0-9A-Za-z.-]{1,64})?$/;

/** With its v; undefined for what is no version. */
export const readVersion = (text: string): string | undefined => {
  const trimmed = text.trim();
  if (!form.test(trimmed) || trimmed.includes('..')) return undefined;
  return trimmed.startsWith('v') ? trimmed : `v${trimmed}`;
};

/** Below zero when `a` is older; by the rules of semantic versioning. Texts that are no versions are equal to all. */
export const compareVersions = (a: string, b: string): number => {
  const left = form.exec(a);
  const right = form.exec(b);
  if (left === null || right === null) return 0;
  for (const at of [1, 2, 3]) {
    const difference = Number(left[at]) - Number(right[at]);
    if (difference !== 0) return difference;
  }
  return comparePre(left[4], right[4]);
};

/** A version with something behind the dash comes before the one without. */
const comparePre = (a: string | undefined, b: string | undefined): number => {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const left = a.split('.');
  const right = b.split('.');
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = comparePart(left[at], right[at]);
    if (difference !== 0) return difference;
  }
  return 0;
};

/** Numbers by value and before words; fewer parts before more. */
const comparePart = (a: string | undefined, b: string | undefined): number => {
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined);
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return Number(a) - Number(b);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : Number(a > b);
};
