/** Reads the source argument of `run` and `update` (cli.md 2.3.1): which folder goes up, where the service lies in it, its name and version. */

import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { defaultVersion } from '../contract/core.ts';
import { ExitError } from '../contract/error.ts';

export interface LocalSource {
  readonly kind: 'local';
  /** Absolute folder that is uploaded. */
  readonly root: string;
  /** Folder of the service below the root; empty when it is the root. */
  readonly entrypoint: string;
  readonly name: string;
  readonly version: string;
  /** Shown as SOURCE in status. */
  readonly display: string;
}

export interface RemoteSource {
  readonly kind: 'remote';
  /** Without the ref. */
  readonly source: string;
  readonly name: string;
  readonly version: string;
}

export type Source = LocalSource | RemoteSource;

/** `argument` relative to `cwd`: an existing folder (or a file in it) is local, anything else names a repository. Throws ExitError for what is neither. */
export const locate = (argument: string, cwd: string): Source => {
  const path = resolve(cwd, argument);
  if (existsSync(path)) return locateLocal(statSync(path).isDirectory() ? path : dirname(path));
  if (/^(\.{1,2}([/\\]|$)|[/\\])/.test(argument)) throw new ExitError(`source ${argument} does not exist`, 1);
  return locateRemote(argument);
};

const locateLocal = (path: string): LocalSource => {
  const folder = realpathSync(path);
  const root = rootOf(folder);
  const entrypoint = relative(root, folder).replaceAll('\\', '/');
  return { kind: 'local', root, entrypoint, name: basename(folder), version: defaultVersion, display: folder };
};

/**
 * A folder with a package.json stands for itself: what it needs is in it. A Go service needs its module, which may begin further up.
 * v3 also goes up to a `.git`; that would send a whole repository for one small service.
 */
const rootOf = (folder: string): string => {
  if (existsSync(join(folder, 'package.json'))) return folder;
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'go.mod'))) return at;
    if (dirname(at) === at) return folder;
  }
};

const locateRemote = (argument: string): RemoteSource => {
  const at = argument.indexOf('@');
  const source = at === -1 ? argument : argument.slice(0, at);
  const version = (at === -1 ? '' : argument.slice(at + 1)) || defaultVersion;
  return { kind: 'remote', source, name: basename(source), version };
};

/** `NAME[@VERSION]` as `kill` and `logs` take it; `.` is the name of the working folder. */
export const parseReference = (argument: string, cwd: string): { name: string; version: string } => {
  const at = argument.indexOf('@');
  const name = at === -1 ? argument : argument.slice(0, at);
  const version = (at === -1 ? '' : argument.slice(at + 1)) || defaultVersion;
  return { name: name === '.' ? basename(realpathSync(cwd)) : name, version };
};
