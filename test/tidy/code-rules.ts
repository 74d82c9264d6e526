/** Rules about single files that a machine can check: forbidden forms with their homes, manifests, tests. Judges text; reads no files. */

import type { SourceFile } from './source-files.ts';
import { isTest, withoutComments } from './source-files.ts';

export interface Rule {
  readonly name: string;
  /** Where it holds. */
  readonly applies: (path: string) => boolean;
  /** What may not stand in the code; comments and strings in quotes are not looked at. */
  readonly forbidden: RegExp;
  /** What to do instead, or where it is explained. */
  readonly instead: string;
}

const isProduct = (path: string): boolean => !/^(build|test|examples)\//.test(path) && !isTest(path);
const outside =
  (...homes: readonly string[]) =>
  (path: string): boolean =>
    isProduct(path) && !homes.some((home) => path.startsWith(home));

export const rules: readonly Rule[] = [
  {
    name: 'process.env has its homes',
    // A service process has its own first reader, which takes the secrets out.
    applies: outside('internal/host/settings.ts', 'internal/home/', 'internal/process/', 'sdk/launch.ts'),
    forbidden: /\bprocess\.env\b/,
    instead: 'take a setting (house 4, rule 21)',
  },
  {
    name: 'only the binary ends the process',
    // What runs inside a service process, and the guard beside it, end with their parent.
    applies: outside('cmd/micro/start.ts', 'sdk/', 'internal/process/'),
    forbidden: /\bprocess\.(exit|abort|reallyExit)\b/,
    instead: 'throw ExitError (house 4, rule 12)',
  },
  {
    name: 'no console in product code',
    applies: isProduct,
    forbidden: /\bconsole\./,
    instead: 'ctx.log or call.out (house 4, rule 22)',
  },
  {
    name: 'no default export',
    applies: (path) => !path.startsWith('test/fixture/'),
    forbidden: /^export default\b/m,
    instead: 'a named export (house 4, rule 6)',
  },
  {
    name: 'no barrels',
    applies: () => true,
    forbidden: /^export \*/m,
    instead: 'import from the file that defines it (house 4, rule 7)',
  },
  {
    name: 'nothing is left to do',
    applies: isProduct,
    forbidden: /\b(TODO|FIXME|XXX)\b/,
    instead: 'an issue, or do it (house 4, rule 24)',
  },
];

/** `file:line: rule: what to do`; empty for a file that follows the rule. */
export const ruleFaults = (rule: Rule, { path, text }: SourceFile): readonly string[] => {
  if (!rule.applies(path)) return [];
  const code = rule.name === 'nothing is left to do' ? text : codeOnly(text);
  const at = code.search(rule.forbidden);
  return at < 0 ? [] : [`${path}:${code.slice(0, at).split('\n').length}: ${rule.name}: ${rule.instead}`];
};

/** Comments and the insides of quoted strings and templates become blanks. */
const codeOnly = (text: string): string =>
  withoutComments(text)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank)
    .replace(/`(?:[^`\\]|\\[\s\S])*`/g, blank);

const blank = (quoted: string): string => quoted.replace(/[^\n]/g, ' ');

/** Every file says at its top what it is. */
export const headerFault = ({ path, text }: SourceFile): string | undefined =>
  /^(#!.*\n)?\/\*\*[\s\S]*?\*\//.test(text) ? undefined : `${path}:1: no header comment (house 4, rule 3)`;

/** uvu counts a file that forgets to run its suite as passed. */
export const runFault = ({ path, text }: SourceFile): string | undefined => {
  if (!isTest(path)) return undefined;
  // A suite of another file, run by importing it, or a conformance suite.
  const callsSuite = /^test[A-Z]\w*\(/m.test(text) || /await import\('\.[^']*\.test\.ts'\);/.test(text);
  return callsSuite || /\.run\(\);\s*$/.test(text) ? undefined : `${path}: does not end in .run() (house 4, rule 25)`;
};
