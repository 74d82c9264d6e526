/**
 * The one line that says where a service failed: `file:line:column: message`, file relative to the service's folder.
 * Owns reading the place out of a stack; prints nothing.
 */

import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FailureContext {
  /** The service's folder; files in it are shown relative to it. */
  readonly folder: string;
  /** Frames of these files are the platform's own and say nothing to the author. */
  readonly isOwn: (file: string) => boolean;
}

/** Never throws, whatever was thrown; without a place in the author's files the message stands alone. */
export const failureLine = (thrown: unknown, o: FailureContext): string => {
  const error = thrown instanceof Error ? thrown : undefined;
  const message = firstLine(error ? `${error.name}: ${error.message}` : `thrown: ${String(thrown)}`);
  const place = places(error).find(
    (p) => isAbsolute(p.file) && !p.file.includes(`${sep}node_modules${sep}`) && !o.isOwn(p.file),
  );
  return place ? `${shown(place.file, o.folder)}${place.suffix}: ${message}` : message;
};

interface Place {
  readonly file: string;
  /** `:line:column`, `:line` or nothing. */
  readonly suffix: string;
}

/** Head of a syntax error (`file:line`), stack frames (`at f (file:line:column)`), and who imported a missing module. */
const patterns: readonly RegExp[] = [
  /^(?<file>(?:file:\/\/|\/|[A-Za-z]:\\).*?)(?<suffix>(?::\d+){1,2})$/gm,
  /^\s+at (?:.*\()?(?<file>(?:file:\/\/|\/|[A-Za-z]:\\).*?)(?<suffix>(?::\d+){1,2})\)?$/gm,
  /imported from (?<file>(?:file:\/\/|\/|[A-Za-z]:\\)\S+?)(?<suffix>)$/gm,
];

const places = (error: Error | undefined): readonly Place[] =>
  patterns.flatMap((pattern) =>
    [...(error?.stack ?? '').matchAll(pattern)].map((m) => ({
      file: asPath(m.groups?.file ?? ''),
      suffix: m.groups?.suffix ?? '',
    })),
  );

const asPath = (file: string): string => {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file;
  } catch {
    // A URL that is no path on this machine: shown as it stands.
    return file;
  }
};

const shown = (file: string, folder: string): string => {
  const path = relative(folder, file);
  return path.startsWith('..') || isAbsolute(path) ? file : path;
};

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
