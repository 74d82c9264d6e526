/**
 * From words to a verb: builtin commands, third-party ones, then `micro-<word>` on PATH, then the verb `*` for services. Owns the order
 * and the texts for words that lead nowhere; run-verb.ts runs what was found.
 */

import { cliError, errorText } from '../../internal/cli/cli-error.ts';
import { splitArgv } from '../../internal/cli/argv.ts';
import { outputFlag, settingFlags } from '../../internal/cli/global-flags.ts';
import { helpFor } from '../../internal/cli/help-for.ts';
import { nearest } from '../../internal/cli/suggest.ts';
import { anyWord, type FoundVerb, matchVerb, verbsBelow, verbsOf } from '../../internal/cli/verb-table.ts';
import { ExitError } from '../../internal/contract/error.ts';
import type { FieldSpecs } from '../../internal/contract/field.ts';
import type { Plugin } from '../../internal/contract/plugin.ts';
import { runExternal } from './external.ts';
import { type PluginTable, pluginTable } from './plugin-table.ts';
import { version } from './version.ts';

export interface Invocation {
  /** Words behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Record<string, string | undefined>;
  readonly signal: AbortSignal;
  /** Exit code when the signal ended it. */
  readonly interruptedCode: number;
}

/** MICRO_ variable -> text, as given by flags. */
export type FlagLayer = Map<string, string>;

/** Runs one command line; resolves with its exit code and never rejects. */
export const dispatch = async (o: Invocation): Promise<number> => {
  try {
    return await route(o);
  } catch (e) {
    const isInterrupt = o.signal.aborted && (e === o.signal.reason || isAbort(e));
    if (isInterrupt) return o.interruptedCode;
    const error = cliError(e);
    process.stderr.write(errorText(error));
    if (o.env.MICRO_TRACE?.split(',').includes('error') && e instanceof Error) process.stderr.write(`${e.stack}\n`);
    return error.exitCode;
  }
};

const isAbort = (e: unknown): boolean =>
  e instanceof Error && (e.name === 'AbortError' || ('code' in e && e.code === 499));

const route = async (o: Invocation): Promise<number> => {
  const table = await pluginTable(o.env, o.argv);
  const { plugins } = table;
  const specs = globalSpecs(plugins);
  const { texts, args, rest, help } = splitArgv(o.argv, specs, { stopAtPositional: true, command: 'micro' });
  const words = [...args, ...rest];
  const flags = layerOf(texts, specs);
  if (texts.has('version')) return print(`micro version v${version}\n`);
  if (words.length === 0 && !help)
    throw new ExitError("No command provided to micro. Please refer to 'micro --help'", 1);
  if (help) return showHelp(words, table);
  const [first = ''] = words;
  const spoken = first === 'h' ? ['help', ...words.slice(1)] : words;
  const match = matchVerb(spoken, plugins);
  if (match.kind === 'group') return runGroup(match.name, match.words, table);
  const found = match.kind === 'verb' ? match : await external(words, o, table);
  if (typeof found === 'number') return found;
  const { runVerb } = await import('./run-verb.ts');
  return runVerb({ ...o, ...table, found, flags, specs, output: texts.get('output')?.at(-1), version });
};

const globalSpecs = (all: readonly Plugin[]): FieldSpecs => ({
  ...settingFlags(all),
  output: { ...outputFlag.output, short: undefined },
  version: { type: 'bool', doc: 'print the version', short: 'v' },
});

/** Flags that name a variable set it for this run. */
export const layerOf = (texts: ReadonlyMap<string, readonly string[]>, specs: FieldSpecs): FlagLayer => {
  const layer: FlagLayer = new Map();
  for (const [name, given] of texts) {
    const variable = specs[name]?.env;
    if (variable !== undefined) layer.set(variable, given.join(','));
  }
  return layer;
};

const print = (text: string): number => {
  process.stdout.write(text);
  return 0;
};

const showHelp = async (words: readonly string[], table: PluginTable): Promise<number> => {
  const page = await helpFor(words, { plugins: table.plugins, version });
  if (page !== undefined) return print(page);
  const topics = verbsOf(table.plugins).flatMap(({ verb }) =>
    verb.hidden || verb.words === anyWord ? [] : [verb.words],
  );
  const near = nearest(words.join(' '), [...topics, ...topics.map((t) => t.split(' ')[0] ?? '')]);
  const hint = near === undefined ? undefined : `did you mean micro help ${near}?`;
  throw new ExitError(`No help topic for '${words.join(' ')}'`, 3, { hint });
};

/** Groups for which v3 answers an unknown word as a missing help topic (cli.md 0.7). */
const topicGroups: readonly string[] = [
  'get',
  'network',
  'auth list',
  'auth create',
  'auth delete',
  'auth update',
  'user set',
];

const runGroup = async (name: string, words: readonly string[], table: PluginTable): Promise<number> => {
  const [word] = words.filter((w) => w !== '--');
  if (word === undefined || ['--help', '-h', '-help', 'help', 'h'].includes(word))
    return showHelp([...name.split(' '), ...words.slice(1).filter((w) => !w.startsWith('-'))], table);
  const below = verbsBelow(name, table.plugins).map((verb) => verb.words.slice(name.length + 1));
  const near = nearest(word, below);
  const hint = near === undefined ? `micro ${name} has: ${below.join(', ')}` : `did you mean micro ${name} ${near}?`;
  if (topicGroups.includes(name)) throw new ExitError(`No help topic for '${word}'`, 3, { hint });
  const text = `Unrecognized subcommand for micro ${name}: ${word}. Please refer to 'micro ${name} --help'`;
  throw new ExitError(text, 1, { hint });
};

/** A program `micro-<word>` wins over a service called so. */
const external = async (words: readonly string[], o: Invocation, table: PluginTable): Promise<FoundVerb | number> => {
  const code = await runExternal(words, o);
  if (code !== undefined) return code;
  const [first = ''] = words;
  checkUnused(first, table);
  const fallback = verbsOf(table.plugins).find(({ verb }) => verb.words === anyWord);
  if (fallback === undefined) {
    throw new ExitError(`Unrecognized micro command: ${first}. Please refer to 'micro --help'`, 1);
  }
  return { ...fallback, words };
};

/** A command that is there and not used is not looked for among the services. */
const checkUnused = (word: string, { external: found }: PluginTable): void => {
  const unused = found.find(({ state, words }) => state !== 'trusted' && words.some((w) => w.split(' ')[0] === word));
  if (unused === undefined) return;
  throw new ExitError(`plugin ${unused.id} is ${unused.state}`, 1, { hint: unused.reason });
};
