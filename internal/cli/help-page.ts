/** Help pages in v3's layout (cli.md A.4): titled sections, three blanks of indentation, columns two blanks apart. Pure. */

import type { FieldSpec } from '../contract/field.ts';
import { formatDuration } from '../time/duration.ts';
import { helpLayout, layOut } from './table.ts';

/** Rows of cells share columns; a text stands as it is. */
export interface HelpSection {
  readonly title: string;
  readonly body: string | readonly (readonly string[])[];
}

/** The page with a newline at its end; sections without content are left out. */
export const helpPage = (sections: readonly HelpSection[]): string =>
  `${sections
    .map(({ title, body }) => ({ title, text: bodyText(body) }))
    .filter(({ text }) => text !== '')
    .map(({ title, text }) => `${title}:\n${text}`)
    .join('\n\n')}\n`;

const indent = '   ';

const bodyText = (body: HelpSection['body']): string => {
  const text = typeof body === 'string' ? body : layOut(body.map((row) => row.join('\t')).join('\n'), helpLayout);
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line.trimEnd()}`))
    .join('\n');
};

/** `<doc> (default: "x") [$MICRO_X]`. */
export const flagText = (spec: FieldSpec): string => {
  const shown = spec.values === undefined ? '' : ` (${spec.values.join(', ')})`;
  const preset = defaultText(spec);
  const variable = spec.env === undefined ? '' : ` [$${spec.env}]`;
  return `${spec.doc}${shown}${preset === undefined ? '' : ` (default: ${preset})`}${variable}`;
};

const defaultText = (spec: FieldSpec): string | undefined => {
  if (spec.type === 'bool') return String(spec.default ?? false);
  if (spec.default === undefined || spec.default === '' || spec.list) return undefined;
  if (spec.secret) return '***';
  if (spec.type === 'duration') return formatDuration(spec.default as number);
  return typeof spec.default === 'string' ? JSON.stringify(spec.default) : String(spec.default);
};

/** `--name value, -n value`; a flag of one letter has one dash. */
export const flagForms = (forms: readonly string[], isBool: boolean): string =>
  forms.map((form) => `${form.length === 1 ? '-' : '--'}${form}${isBool ? '' : ' value'}`).join(', ');

/** The last row of every table of options. */
export const helpRow: readonly string[] = ['--help, -h', 'show help (default: false)'];
