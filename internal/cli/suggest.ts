/** The nearest known name to one that was mistyped. Pure. */

/** Longer words are not compared: nobody mistypes them by one letter. */
const wordCharsMax = 64;

/**
 * The candidate that takes the fewest edits (a letter added, dropped, changed, or two neighbours swapped; case is free), or undefined
 * when none is near: one edit up to three letters, else a third of the word's length. Of equals one of the word's length wins, then the first.
 */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  if (word === '' || word.length > wordCharsMax) return undefined;
  const wanted = word.toLowerCase();
  const editsMax = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > editsMax) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    const score = edits * 2 + (candidate.length === word.length ? 0 : 1);
    if (edits > editsMax || score >= lowest) continue;
    lowest = score;
    best = candidate;
  }
  return best;
};

/** Optimal string alignment distance, three rows at a time. */
const distance = (a: string, b: string): number => {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, (before[j - 2] ?? 0) + 1);
      row.push(edits);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
};
