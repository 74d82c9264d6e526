/** How long ago something was, as `micro status` shows it (cli.md 2.3.5). Pure. */

/** `1h15m32s`: rounded to seconds, the largest non-zero unit first and all smaller ones shown; below zero counts as zero. */
export const formatAge = (ms: number): string => {
  const total = Math.max(0, Math.round(ms / 1_000));
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3_600);
  const minutes = Math.floor((total % 3_600) / 60);
  const seconds = total % 60;
  if (days > 0) return `${days}d${hours}h${minutes}m${seconds}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  if (minutes > 0) return `${minutes}m${seconds}s`;
  return `${seconds}s`;
};
