/**
 * How a service says what ended it: first one line `file:line:column: message`, file relative to the service's folder, then the details.
 * Owns reading the place out of a stack; prints nothing.
 */

import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import { isMicroError } from '../internal/contract/error.ts';

export interface FailureContext {
  /** The service's folder; files in it are shown relative to it. */
  readonly folder: string;
  /** Frames of these files are the platform's own and say nothing to the author. */
  readonly isOwn: (file: string) => boolean;
}

/** The line, then stack and causes; never throws, whatever was thrown. Without a place in the author's files the line is all: the frames would be ours. */
export const failureText = (thrown: unknown, o: FailureContext): string => {
  const message = messageOf(thrown);
  const place = placeOf(thrown, o);
  if (place === undefined) return message;
  return `${shown(place.file, o.folder)}${place.suffix}: ${message}\n${inspect(thrown)}`;
};

const messageOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return `thrown: ${inspect(thrown)}`.replaceAll('\n', ' ');
  const hint = isMicroError(thrown) && thrown.hint !== undefined ? `; ${thrown.hint}` : '';
  return `${thrown.name}: ${thrown.message.split('\n', 1)[0]}${hint}`;
};

const placeOf = (thrown: unknown, o: FailureContext): Place | undefined =>
  places(thrown instanceof Error ? thrown : undefined).find(
    (p) => isAbsolute(p.file) && !p.file.includes(`${sep}node_modules${sep}`) && !o.isOwn(p.file),
  );

interface Place {
  readonly file: string;
  /** `:line:column`, `:line` or nothing. */
  readonly suffix: string;
}

/** Head of a syntax error (`file:line`), stack frames (`at f (file:line:column)`), and who imported a missing module. */
const patterns: readonly RegExp[] = [
  /^(?<file>(?:file:\/\/|\/|[A-Za-z]:\\).*?)(?<suffix>(?::\d+){1,2})$/gm,
  /^\s+at (?:async )?(?:.*\()?(?<file>(?:file:\/\/|\/|[A-Za-z]:\\).*?)(?<suffix>(?::\d+){1,2})\)?$/gm,
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
