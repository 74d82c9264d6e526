/** Durations as Go writes them ('1h2m', '500ms') to and from milliseconds. Pure; ages for people are in age.ts. */

import { badRequest } from '../contract/error.ts';

const msByUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const part = /^(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/;

/** Milliseconds of a Go duration: a sign, then numbers with units; `0` needs no unit. Throws badRequest in Go's words. */
export const parseDuration = (text: string): number => {
  const invalid = (detail: string) => badRequest('time.ParseDuration', detail);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw invalid(`invalid duration ${JSON.stringify(text)}`);
  let total = 0;
  while (rest !== '') {
    const [whole, number, unit] = part.exec(rest) ?? [];
    if (whole === undefined || number === undefined) throw invalid(`invalid duration ${JSON.stringify(text)}`);
    if (!unit) throw invalid(`missing unit in duration ${JSON.stringify(text)}`);
    const ms = Object.hasOwn(msByUnit, unit) ? msByUnit[unit] : undefined;
    if (ms === undefined) throw invalid(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total += Number(number) * ms;
    rest = rest.slice(whole.length);
  }
  if (!Number.isFinite(total) || total > Number.MAX_SAFE_INTEGER)
    throw invalid(`invalid duration ${JSON.stringify(text)}`);
  return sign * total;
};

/** Go's own text of a duration: `1h0m0s`, `1.5s`, `500ms`, `20µs`, `0s`. What parseDuration reads back, to the nanosecond. */
export const formatDuration = (ms: number): string => {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1e-3) return `${sign}${plain(size * 1e6, 0)}ns`;
  if (size < 1) return `${sign}${plain(size * 1e3, 3)}µs`;
  if (size < 1_000) return `${sign}${plain(size, 6)}ms`;
  const hours = Math.floor(size / 3_600_000);
  const minutes = Math.floor((size % 3_600_000) / 60_000);
  const seconds = plain((size % 60_000) / 1_000, 9);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  if (minutes > 0) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${seconds}s`;
};

/** At most `digits` behind the point, without trailing zeros and never in exponent form. */
const plain = (value: number, digits: number): string => {
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
};
