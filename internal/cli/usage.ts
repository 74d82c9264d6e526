/** Help of one command and of a group of commands. cac keeps the command's model of names and arguments; the layout is v3's. Prints nothing. */

import { cac } from 'cac';

import type { FieldSpecs } from '../contract/field.ts';
import type { Verb } from '../contract/plugin.ts';
import { flagsOf } from './global-flags.ts';
import { flagForms, flagText, helpPage, helpRow } from './help-page.ts';

type Command = ReturnType<ReturnType<typeof cac>['command']>;

/** The page of `micro call --help`. */
export const verbPage = (verb: Verb): string => {
  const specs = flagsOf(verb);
  const command = modelOf(verb, specs);
  return helpPage([
    { title: 'NAME', body: `micro ${command.name} - ${command.description}` },
    { title: 'USAGE', body: `micro ${command.name} [command options] ${argumentWords(command)}` },
    { title: 'DESCRIPTION', body: verb.description ?? '' },
    { title: 'ARGUMENTS', body: (verb.args ?? []).map((arg) => [arg.name.toUpperCase(), arg.doc]) },
    { title: 'OPTIONS', body: [...optionRows(command, specs), helpRow] },
    { title: 'EXAMPLES', body: command.examples.join('\n') },
  ]);
};

const modelOf = (verb: Verb, specs: FieldSpecs): Command => {
  const args = (verb.args ?? []).map((arg) => {
    const name = `${arg.rest ? '...' : ''}${arg.name}`;
    return arg.required ? `<${name}>` : `[${name}]`;
  });
  const command = cac('micro').command([verb.words, ...args].join(' '), verb.summary);
  for (const [name, spec] of Object.entries(specs)) {
    const forms = [name, spec.alias, spec.short].filter((form) => form !== undefined);
    const value = spec.type === 'bool' ? '' : ' <value>';
    command.option(`${forms.map((f) => (f.length === 1 ? `-${f}` : `--${f}`)).join(', ')}${value}`, flagText(spec));
  }
  for (const example of verb.examples ?? []) command.example(example);
  return command;
};

/** `SERVICE ENDPOINT [REQUEST…]`; v3's own text for a command that says nothing about its arguments. */
const argumentWords = ({ args }: Command): string =>
  args.length === 0
    ? '[arguments...]'
    : args
        .map(({ value, required, variadic }) =>
          `${value.toUpperCase()}${variadic ? '...' : ''}`.replace(/.+/, (t) => (required ? t : `[${t}]`)),
        )
        .join(' ');

const optionRows = (command: Command, specs: FieldSpecs): readonly (readonly string[])[] =>
  Object.keys(specs).map((name) => {
    const option = command.hasOption(name);
    const others = (option?.names ?? []).filter((form) => form !== name);
    return [flagForms([name, ...others], specs[name]?.type === 'bool'), option?.description ?? ''];
  });

export interface Group {
  /** `user namespace`. */
  readonly words: string;
  readonly summary: string;
  /** The group's own verb, run without a sub command. */
  readonly own?: Verb;
  readonly verbs: readonly Verb[];
}

/** The page of `micro get --help`. */
export const groupPage = (group: Group): string => {
  const below = group.verbs.filter((verb) => !verb.hidden || verb.sharesWord);
  const specs = group.own === undefined ? {} : flagsOf(group.own);
  const options = group.own === undefined ? [] : optionRows(modelOf(group.own, specs), specs);
  return helpPage([
    { title: 'NAME', body: `micro ${group.words} - ${group.summary}` },
    { title: 'USAGE', body: `micro ${group.words} command [command options] [arguments...]` },
    { title: 'DESCRIPTION', body: group.own?.description ?? '' },
    {
      title: 'COMMANDS',
      body: [
        ...below.map((verb) => [verb.words.slice(group.words.length + 1), verb.summary]),
        ['help, h', 'Shows a list of commands or help for one command'],
      ],
    },
    { title: 'OPTIONS', body: [...options, helpRow] },
  ]);
};
