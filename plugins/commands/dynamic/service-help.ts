/** Help of a service and of one of its endpoints, made from what is registered (cli.md 3.5). Pure; prints nothing. */

import { commandWords } from './endpoint-name.ts';
import { findEndpoint } from './find-endpoint.ts';
import type { FoundService } from './look-up.ts';
import { flagName, requestFields } from './request-fields.ts';

/** The page the positionals ask for: of the service, of one of its handlers (the middle word), or of one endpoint. */
export const helpFor = (
  service: FoundService,
  positionals: readonly string[],
  builtin: readonly BuiltinVerb[] = [],
): string => {
  const words = positionals.filter((word) => word !== '-h');
  const commands = service.endpoints.map((endpoint) => commandWords(service.name, endpoint.name)).sort();
  if (words.length <= 1) return serviceHelp(service, commands, builtin);
  const handler = `${words.slice(1).join(' ')} `;
  const below = commands.filter((command) => command.startsWith(handler));
  return below.length > 0 ? serviceHelp(service, below) : endpointHelp(service, words);
};

/** A command of ours that begins with the name of the service. */
export interface BuiltinVerb {
  readonly words: string;
  readonly summary: string;
  readonly args: readonly string[];
}

const serviceHelp = (
  service: FoundService,
  commands: readonly string[],
  builtin: readonly BuiltinVerb[] = [],
): string =>
  page([
    { title: 'NAME', lines: [`micro ${service.name}`] },
    { title: 'VERSION', lines: [service.version] },
    { title: 'USAGE', lines: [`micro ${service.name} [command]`] },
    { title: 'COMMANDS', lines: commands },
    ...(builtin.length === 0 ? [] : [{ title: 'BY HAND', lines: builtin.map(builtinLine) }]),
  ]);

const builtinLine = ({ words, args, summary }: BuiltinVerb): string =>
  `micro ${[words, ...args.map((arg) => arg.toUpperCase())].join(' ')}: ${summary}`;

/** One line per leaf of the request, in field order. */
const endpointHelp = (service: FoundService, words: readonly string[]): string => {
  const endpoint = findEndpoint(service, words);
  const command = `micro ${service.name} ${words.slice(1).join(' ')}`;
  const leaves = requestFields(endpoint.request).all.filter((field) => field.leaf);
  return page([
    { title: 'NAME', lines: [command] },
    { title: 'USAGE', lines: [`${command} [flags]`] },
    { title: 'FLAGS', lines: leaves.map((field) => `--${flagName(field)} ${field.type}`) },
  ]);
};

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Sections with an empty line between them, each line behind a TAB. */
const page = (sections: readonly Section[]): string =>
  sections
    .map(({ title, lines }) => [`${title}:`, ...lines.map((line) => `\t${printable(line)}`)].join('\n'))
    .join('\n\n');

// Types and field names are a stranger's text: nothing in them may steer the terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
const printable = (line: string): string => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
