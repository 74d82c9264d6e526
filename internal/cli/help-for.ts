/** Which help page a line of words asks for: the program's, a group's or a command's. Made from manifests alone; cac is loaded for commands only. */

import type { FieldSpec } from '../contract/field.ts';
import type { Plugin } from '../contract/plugin.ts';
import { hostFlags, outputFlag } from './global-flags.ts';
import { flagForms, flagText, helpPage, helpRow } from './help-page.ts';
import { commandWords, matchVerb, verbsBelow, verbsOf } from './verb-table.ts';

export interface HelpOptions {
  readonly plugins: readonly Plugin[];
  readonly version: string;
}

/** The page for these words, none for the program's own; undefined when no command is called so. */
export const helpFor = async (words: readonly string[], o: HelpOptions): Promise<string | undefined> => {
  if (words.length === 0) return rootPage(o);
  const match = matchVerb(words, o.plugins, { forHelp: true });
  if (match.kind === 'none') return undefined;
  const { groupPage, verbPage } = await import('./usage.ts');
  const name = match.kind === 'group' ? match.name : match.verb.words;
  if (match.kind === 'group' && match.words.length > 0) return undefined;
  const verbs = verbsBelow(name, o.plugins);
  if (match.kind === 'verb' && verbs.length === 0) return verbPage(match.verb);
  const own = match.kind === 'verb' ? match.verb : undefined;
  return groupPage({ words: name, summary: summaryOf(name, o.plugins), own, verbs });
};

/** `micro --help`: loads nothing but manifests. */
export const rootPage = ({ plugins, version }: HelpOptions): string => {
  const commands = commandWords(plugins).filter((word) => word !== 'help');
  const flags = Object.entries<FieldSpec>({ ...hostFlags, output: { ...outputFlag.output, short: undefined } });
  return helpPage([
    {
      title: 'NAME',
      body: [
        'micro - A distributed systems runtime: command line and server in one executable',
        '',
        'Use `micro [command] --help` to see the help of a command, and of any service that runs.',
      ].join('\n'),
    },
    { title: 'USAGE', body: 'micro [global options] command [command options] [arguments...]' },
    { title: 'VERSION', body: `v${version}` },
    {
      title: 'COMMANDS',
      body: [
        ...commands.map((word) => [word, summaryOf(word, plugins)]),
        ['help, h', 'Shows a list of commands or help for one command'],
      ],
    },
    {
      title: 'GLOBAL OPTIONS',
      body: [
        ...flags.map(([name, spec]) => [
          flagForms(
            [name, spec.short].filter((form) => form !== undefined),
            spec.type === 'bool',
          ),
          flagText(spec),
        ]),
        helpRow,
        ['--version, -v', 'print the version (default: false)'],
      ],
    },
  ]);
};

/** A plugin speaks for all its verbs at the first word; further down the verb itself does, or those below: `List rules, accounts, keys`. */
const summaryOf = (words: string, plugins: readonly Plugin[]): string => {
  const found = verbsOf(plugins);
  const own = found.find(({ verb }) => verb.words === words);
  const below = found.filter(({ verb }) => verb.words.startsWith(`${words} `));
  const speaks = own ?? below[0];
  if (own !== undefined && (below.length === 0 || words.includes(' '))) return own.verb.summary;
  if (words.includes(' ') && below.length === 1) return below[0]?.verb.summary ?? '';
  if (words.includes(' ') && own === undefined)
    return listOf(
      words,
      below.map(({ verb }) => verb.words),
    );
  return speaks?.plugin.summary ?? '';
};

const listOf = (words: string, below: readonly string[]): string => {
  const last = words.slice(words.lastIndexOf(' ') + 1);
  const next = new Set(below.map((longer) => longer.slice(words.length + 1).split(' ')[0]));
  return `${last.charAt(0).toUpperCase()}${last.slice(1)} ${[...next].join(', ')}`;
};
