/** What a person reads when a command fails: v3's friendly texts and exit codes (cli.md 0.3, 0.4). Pure; prints nothing. */

import { ExitError, isMicroError } from '../contract/error.ts';

export interface CliError {
  /** Empty: say nothing. */
  readonly message: string;
  /** A second line: the reason or the way out. */
  readonly hint?: string;
  readonly exitCode: number;
}

interface Rule {
  readonly matches: RegExp;
  readonly message: (name: string, reason: string) => string;
  readonly exitCode: number;
  readonly hint?: string;
}

/** The first that matches the full text wins; it is looked at before the error's code. */
const rules: readonly Rule[] = [
  {
    matches: /authentication handshake failed: (\[[\da-fA-F:.]+\]:\d+|[\w.-]+:\d+): ([^"\\]+)/,
    message: (name, reason) => `Failed to connect to micro server at ${name}: ${reason}`,
    exitCode: 4,
  },
  {
    matches: /malformed method name: \\*"(\w+)\\*"/,
    message: (name) => `Method name "${name}" invalid format. Expecting service.endpoint`,
    exitCode: 3,
  },
  {
    matches: /service ([\w.-]+): route not found/,
    message: (name) => `Service "${name}" not found`,
    exitCode: 4,
    hint: 'micro services lists those that run',
  },
  {
    matches: /unknown service ([\w-]+\.[\w.-]+)/,
    message: (name) => `Service method "${name}" not found`,
    exitCode: 5,
  },
  { matches: /unknown service ([\w-]+)/, message: (name) => `Service "${name}" not found`, exitCode: 5 },
  {
    matches: /Error while dialing dial tcp[^"]*? (\[[\da-fA-F:.]+\]:\d+|[\w.-]+:\d+): /,
    message: (name) => `Failed to connect to micro server at ${name}`,
    exitCode: 4,
    hint: 'is it running? micro server starts one, micro env says where this command looks',
  },
];

/** Any error a verb throws. ExitErrors are as their author meant them. */
export const cliError = (error: unknown): CliError => {
  if (isExitError(error)) return { message: error.message, hint: error.hint, exitCode: error.exitCode };
  const text = isMicroError(error) ? JSON.stringify(error) : messageOf(error);
  const hint = isMicroError(error) ? error.hint : undefined;
  for (const rule of rules) {
    const [, name, reason = ''] = rule.matches.exec(text) ?? [];
    if (name !== undefined)
      return { message: rule.message(name, reason), hint: hint ?? rule.hint, exitCode: rule.exitCode };
  }
  if (!isMicroError(error)) return { message: text, exitCode: 128 };
  if (error.code === 408) return { message: 'Request timed out', hint, exitCode: 1 };
  if (error.code === 401) return { message: 'Not authorized to perform this request', hint, exitCode: 2 };
  return { message: error.detail, hint, exitCode: 127 };
};

/** The lines for stderr; nothing in them may steer the terminal, since part of the text came from a server. */
export const errorText = ({ message, hint }: CliError): string =>
  [message, hint]
    .filter((line) => line !== undefined && line !== '')
    .map((line) => `${printable(line as string)}\n`)
    .join('');

/** By shape: a plugin may carry its own copy of the class. */
const isExitError = (error: unknown): error is ExitError =>
  error instanceof ExitError || (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
const printable = (line: string): string => line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
