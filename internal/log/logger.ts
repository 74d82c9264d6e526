/** Log lines: v3's text form (cli.md A.5) or one JSON object per line. Owns how a line looks; whoever makes it says where it goes. */

import type { LogFields, Logger, LogLevel } from '../contract/logger.ts';

export type LogFormat = 'text' | 'json';

export interface LoggerOptions {
  /** Lines below it are dropped; default info. */
  readonly level?: LogLevel;
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  readonly format?: LogFormat;
  /** Fields of every line. */
  readonly fields?: LogFields;
  readonly now?: () => number;
}

export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** Never throws because of what is logged: values that cannot be shown are named by their type. */
export const createLogger = (o: LoggerOptions): Logger => {
  const lowest = logLevels.indexOf(o.level ?? 'info');
  const now = o.now ?? Date.now;
  const format = o.format === 'json' ? jsonLine : textLine;
  const at = (level: LogLevel) => {
    if (logLevels.indexOf(level) < lowest) return () => {};
    return (message: string, fields?: LogFields): void =>
      o.write(format(now(), level, message, { ...o.fields, ...fields }));
  };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createLogger({ ...o, fields: { ...o.fields, ...fields } }),
  };
};

/** `2006-01-02 15:04:05  key=value … message`, in local time, fields sorted by key. */
const textLine = (ms: number, level: LogLevel, message: string, fields: LogFields): string => {
  const shown: LogFields = { ...fields, level };
  const pairs = Object.keys(shown)
    .filter((key) => shown[key] !== undefined)
    .sort()
    .map((key) => ` ${bareText(key)}=${bareText(valueText(shown[key]))}`)
    .join('');
  return `${localTime(ms)} ${pairs} ${oneLine(message)}\n`;
};

const jsonLine = (ms: number, level: LogLevel, message: string, fields: LogFields): string => {
  const entries = Object.entries(fields).map(([key, value]) => [key, plainValue(value)]);
  return `${JSON.stringify({ time: new Date(ms).toISOString(), level, message, ...Object.fromEntries(entries) })}\n`;
};

const localTime = (ms: number): string => {
  const d = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
};

const valueText = (value: unknown): string => {
  const plain = plainValue(value);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
};

/** What JSON can hold; errors become their message, bytes their length. */
const plainValue = (value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  if (value instanceof Error) return value.message;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `<${typeof value}>`;
  if (typeof value !== 'object') return value;
  try {
    return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))) as unknown;
  } catch {
    // Circular or throwing: a log line is not worth failing for.
    return '<object>';
  }
};

/** A value that could be taken for several fields, or hides control characters, is quoted. */
const bareText = (text: string): string => (/^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text));

/** What was logged came from outside in part: it may neither start a new line nor steer the terminal. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trimEnd();
