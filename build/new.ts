/**
 * `npm run new -- driver SLOT NAME` and `npm run new -- command WORDS`: the files of a new plugin, every method still to be written and
 * its tests already failing, then gen. Existing files are never touched.
 */

import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { genIndex } from './gen-index.ts';

/** Path from the root -> text. */
export type NewFiles = Readonly<Record<string, string>>;

export interface NewPlugin {
  readonly files: NewFiles;
  /** What is left to do by hand. */
  readonly next: readonly string[];
}

const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const usage = 'usage: npm run new -- driver SLOT NAME | command WORD [WORD…]';

/** What would be written for these words. Throws an Error with the reason for words that make no plugin. */
export const newPlugin = (root: string, words: readonly string[]): NewPlugin => {
  const [kind, ...rest] = words.flatMap((word) => word.split('/'));
  const bad = rest.find((word) => !namePattern.test(word) && word !== 'apiHandler' && word !== 'httpMiddleware');
  if (bad !== undefined) throw new Error(`not a name: ${bad} (lower case, digits and dashes)`);
  if (kind === 'driver' && rest.length === 2) return newDriver(root, rest[0] as string, rest[1] as string);
  if (kind === 'command' && rest.length > 0) return newCommand(root, rest);
  throw new Error(usage);
};

const pascal = (name: string): string => name.replace(/(^|-)(.)/g, (_, _dash, char: string) => char.toUpperCase());

interface Slot {
  /** The name of its interface: `Store`, `BlobStore`. */
  readonly type: string;
  /** Methods that every driver has. */
  readonly methods: readonly string[];
  /** Text properties that every driver has. */
  readonly properties: readonly string[];
}

const newDriver = (root: string, slot: string, name: string): NewPlugin => {
  const suites = globSync('*.ts', { cwd: join(root, 'test/conformance') }).map((file) => basename(file, '.ts'));
  const slots = suites.filter((s) => existsSync(join(root, 'internal/contract', `${s}.ts`))).sort();
  if (!slots.includes(slot)) throw new Error(`no slot with a conformance suite is called ${slot}: ${slots.join(', ')}`);
  const shape = readSlot(readFileSync(join(root, 'internal/contract', `${slot}.ts`), 'utf8'), slot);
  const folder = `plugins/drivers/${slot}/${name}`;
  const file = `${name}-${slot}`;
  return {
    files: {
      [`${folder}/plugin.ts`]: driverManifest(slot, name, file),
      [`${folder}/${file}.ts`]: driverCode(slot, name, shape),
      [`${folder}/${file}.test.ts`]: driverTest(slot, name, file),
    },
    next: [
      `make the suite pass: node ${folder}/${file}.test.ts`,
      `choose it: micro --${slot}=${name} server, or in a profile under plugins/profiles/`,
    ],
  };
};

/** Reads the slot's interface: its name from the token, its members line by line as the formatter leaves them. */
export const readSlot = (text: string, slot: string): Slot => {
  const type = new RegExp(`capability<(\\w+)>\\('${slot}'\\)`).exec(text)?.[1];
  const body = new RegExp(`^export interface ${type} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text)?.[1];
  if (type === undefined || body === undefined)
    throw new Error(`internal/contract/${slot}.ts holds no interface for ${slot}`);
  const methods = [...body.matchAll(/^ {2}(\w+)(?:<[^>]*>)?\(/gm)].map((m) => m[1] as string);
  const properties = [...body.matchAll(/^ {2}readonly (\w+): string;/gm)].map((m) => m[1] as string);
  return { type, methods, properties };
};

const driverManifest = (
  slot: string,
  name: string,
  file: string,
): string => `/** Manifest of drivers/${slot}/${name}. */

import { ${slot} } from '../../../../internal/contract/${slot}.ts';
import { fields } from '../../../../internal/contract/field.ts';
import { defineDriver } from '../../../../internal/contract/plugin.ts';

export const config = fields({});

export const plugin = defineDriver({
  id: 'drivers/${slot}/${name}',
  summary: 'The ${slot} kept by ${name}',
  provides: ${slot},
  config,
  load: () => import('./${file}.ts'),
});
`;

const driverCode = (
  slot: string,
  name: string,
  { type, methods, properties }: Slot,
): string => `/** The ${slot} slot filled by ${name}. */

import { notImplemented } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { ${type} } from '../../../../internal/contract/${slot}.ts';

import type { config } from './plugin.ts';

/** Opens nothing before start(). */
export const create = (_ctx: PluginContext<typeof config>): ${type} & Running => ({
${properties.map((p) => `  ${p}: '${name}',\n`).join('')}${methods.map((m) => `  ${m}: () => missing('${m}'),\n`).join('')}});

const missing = (method: string): never => {
  throw notImplemented('drivers/${slot}/${name}', \`\${method} is not written yet\`);
};
`;

/** How the suites of the slots want a driver handed over; `now` is a clock that the suite moves. */
const subjects: Readonly<Record<string, string>> = {
  store: '{ store: instance, advance, ttlStepMs: 1 }',
  registry: '{ registry: instance, advance }',
  blob: 'instance',
};

const driverTest = (slot: string, name: string, file: string): string => {
  const header = `/** The ${name} ${slot} against the suite that every ${slot} must pass. */

import { test${pascal(slot)} } from '../../../../test/conformance/${slot}.ts';
`;
  if (slot === 'builder')
    return `${header}import { pluginContext } from '../../../../test/support/start-driver.ts';
import { create } from './${file}.ts';
import { plugin } from './plugin.ts';

const signal = new AbortController().signal;

testBuilder('${name}', {
  open: () => create(pluginContext(plugin, { dataDir: import.meta.dirname, signal })),
  // The files of a service that this builder is for.
  good: {},
});
`;
  const subject = subjects[slot];
  if (subject === undefined)
    return `${header}
test${pascal(slot)}('${name}', {
  open: async () => {
    throw new Error('say here how a ${slot} is opened: the other drivers of the slot show how');
  },
});
`;
  const clock = subject.includes('advance');
  return `${header}import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

test${pascal(slot)}('${name}', {
  open: async () => {
${
  clock
    ? `    let now = 1_700_000_000_000;
    const { instance, stop } = await startDriver(plugin, { now: () => now });
    const advance = (ms: number): void => {
      now += ms;
    };
`
    : '    const { instance, stop } = await startDriver(plugin);\n'
}    return { driver: ${subject}, close: stop };
  },
});
`;
};

const newCommand = (root: string, words: readonly string[]): NewPlugin => {
  const [first = ''] = words;
  const folder = `plugins/commands/${first}`;
  const file = words.at(-1) as string;
  const manifest = `${folder}/plugin.ts`;
  const line = words.join(' ');
  const entry = verbEntry(line, file);
  const exists = existsSync(join(root, manifest));
  return {
    files: {
      ...(exists ? {} : { [manifest]: commandManifest(first, entry) }),
      [`${folder}/${file}.ts`]: commandCode(line),
      [`test/script/${words.join('_').replaceAll('-', '_')}.txtar`]: commandScript(line),
    },
    next: [
      ...(exists ? [`add to the verbs of ${manifest}:\n${entry}`] : []),
      `write ${folder}/${file}.ts, then: npm run script ${words.join('_').replaceAll('-', '_')}`,
    ],
  };
};

const verbEntry = (line: string, file: string): string => `    verb({
      words: '${line}',
      summary: 'Say what ${line} does',
      examples: ['micro ${line}'],
      load: () => import('./${file}.ts'),
    }),
`;

const commandManifest = (first: string, entry: string): string => `/** Manifest of commands/${first}. */

import { defineCommand, verb } from '../../../internal/contract/plugin.ts';

export const plugin = defineCommand({
  id: 'commands/${first}',
  summary: 'Say what ${first} is about',
  verbs: [
${entry}  ],
});
`;

const commandCode = (line: string): string => `/** \`micro ${line}\`. */

import { notImplemented } from '../../../internal/contract/error.ts';
import type { Call } from '../../../internal/contract/plugin.ts';

export const run = async (_call: Call): Promise<void> => {
  throw notImplemented('commands', 'micro ${line} is not written yet');
};
`;

const commandScript = (line: string): string => `# What a user sees of micro ${line}.
exec micro ${line}
stdout .
exec micro ${line} --help
stdout 'micro ${line} - '
`;

/** Writes the files and runs gen; refuses as a whole when one of them exists. */
const main = (root: string, words: readonly string[]): number => {
  try {
    const { files, next } = newPlugin(root, words);
    const taken = Object.keys(files).filter((file) => existsSync(join(root, file)));
    if (taken.length > 0) throw new Error(`already there: ${taken.join(', ')}`);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
      console.log(`wrote ${file}`);
    }
    if (genIndex(root)) console.log('wrote plugins/index.gen.ts');
    for (const line of next) console.log(`next: ${line}`);
    return 0;
  } catch (e) {
    console.error(e instanceof Error ? e.message : e);
    return 1;
  }
};

if (import.meta.main) process.exitCode = main(join(import.meta.dirname, '..'), process.argv.slice(2));
