/** The source files that the tidy tests look at, and what each imports. Reads the tree; judges nothing. */

import { globSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

const homes = ['cmd', 'internal', 'plugins', 'proto', 'build', 'test', 'sdk', 'examples'];

/** Every TypeScript file of ours, tests included, generated protos left out. */
export const sourceFiles = (): readonly SourceFile[] =>
  homes
    .flatMap((home) =>
      globSync('**/*.ts', { cwd: join(root, home) }).map((file) => posix.join(home, ...file.split(sep))),
    )
    .filter(
      (path) => !path.includes('node_modules/') && !path.startsWith('proto/gen/') && !path.startsWith('test/fixture/'),
    )
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** From the root, for a relative specifier. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
  /** `import()`. */
  readonly dynamic?: boolean;
  readonly line: number;
}

/** Statements start their line; `import()` may stand anywhere. */
const statement = /^(?:import|export)(\s+type)?\b[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm;
const dynamicImport = /\bimport\(\s*'([^']+)'\s*\)/g;

export const importsOf = ({ path, text }: SourceFile): readonly Import[] => {
  const found = [
    ...[...text.matchAll(statement)].map((m) => ({
      specifier: (m[2] ?? m[3]) as string,
      typeOnly: m[1] !== undefined,
      dynamic: false,
      at: m.index,
    })),
    ...[...withoutComments(text).matchAll(dynamicImport)].map((m) => ({
      specifier: m[1] as string,
      typeOnly: false,
      dynamic: true,
      at: m.index,
    })),
  ];
  return found.map(({ specifier, typeOnly, dynamic, at }) => ({
    specifier,
    target: specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined,
    typeOnly,
    dynamic,
    line: text.slice(0, at).split('\n').length,
  }));
};

/** Comments become blanks, so that places stay where they were. Good enough for code that a formatter wrote. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));

export const isTest = (path: string): boolean => path.endsWith('.test.ts');
