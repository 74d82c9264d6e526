/** What of a folder is uploaded: .gitignore and .microignore of every level, and our own rules for what never belongs into an upload. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** Never uploaded. */
const never = ignore().add([
  '.git',
  '.hg',
  '.svn',
  '.DS_Store',
  '.env',
  '.env.*',
  'node_modules/.cache',
  'node_modules/.bin',
]);

export interface IgnoreRules {
  /** `path` relative to the root, with `/`. */
  ignores(path: string, isFolder: boolean): boolean;
  /** The rules that hold below `folder` (relative to the root). */
  enter(folder: string): IgnoreRules;
}

/**
 * node_modules has a rule of its own, since .gitignore names it for reasons that do not hold here: it goes up when the service has
 * dependencies, because the server must work offline and without a package manager. A .microignore can still keep it out, and bring back what a .gitignore names.
 */
export const ignoreRules = (root: string): IgnoreRules => {
  const levels: Level[] = [readLevel(root, '')];
  return rulesOf(root, levels, hasDependencies(root));
};

interface Level {
  /** Relative to the root, empty or ending in `/`. */
  readonly prefix: string;
  readonly git: Ignore;
  readonly micro: Ignore;
}

const rulesOf = (root: string, levels: readonly Level[], withDependencies: boolean): IgnoreRules => ({
  ignores: (path, isFolder) => {
    const name = isFolder ? `${path}/` : path;
    if (never.ignores(name)) return true;
    const ours = decision(levels, 'micro', name);
    if (ours !== undefined) return ours;
    if (/(^|\/)node_modules(\/|$)/.test(path)) return !withDependencies;
    return decision(levels, 'git', name) ?? false;
  },
  enter: (folder) => rulesOf(root, [...levels, readLevel(join(root, folder), `${folder}/`)], withDependencies),
});

/** The innermost level that says anything about the path wins; undefined when none does. */
const decision = (levels: readonly Level[], kind: 'git' | 'micro', name: string): boolean | undefined => {
  for (const level of [...levels].reverse()) {
    const { ignored, unignored } = level[kind].test(name.slice(level.prefix.length));
    if (ignored || unignored) return ignored;
  }
  return undefined;
};

const readLevel = (folder: string, prefix: string): Level => ({
  prefix,
  git: ignore().add(readText(join(folder, '.gitignore'))),
  micro: ignore().add(readText(join(folder, '.microignore'))),
});

const hasDependencies = (root: string): boolean => {
  const text = readText(join(root, 'package.json'));
  if (text === '') return false;
  try {
    const { dependencies } = JSON.parse(text) as { dependencies?: object };
    return Object.keys(dependencies ?? {}).length > 0;
  } catch {
    // A broken package.json is the builder's to report, with file and line.
    return false;
  }
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((e as NodeJS.ErrnoException).code ?? '')) return '';
    throw e;
  }
};
