/** Runs one verb: reads its flags, opens its needs under the right profile, calls it, closes everything. Owns the host of this run. */

import { flagValues, type SplitArgv, splitArgv } from '../../internal/cli/argv.ts';
import { flagsOf } from '../../internal/cli/global-flags.ts';
import { helpFor } from '../../internal/cli/help-for.ts';
import { createOutput } from '../../internal/cli/output.ts';
import type { FoundVerb } from '../../internal/cli/verb-table.ts';
import { ExitError } from '../../internal/contract/error.ts';
import type { FieldSpecs } from '../../internal/contract/field.ts';
import type { ExternalPlugin } from '../../internal/contract/host.ts';
import type { LogLevel } from '../../internal/contract/logger.ts';
import type { Output } from '../../internal/contract/output.ts';
import type { Call, Plugin, Verb } from '../../internal/contract/plugin.ts';
import { openHome } from '../../internal/home/home.ts';
import { createHost, type OwnHost } from '../../internal/host/host.ts';
import { createLogger, logLevels } from '../../internal/log/logger.ts';
import type { FlagLayer, Invocation } from './dispatch.ts';
import { layerOf } from './dispatch.ts';

export interface VerbRun extends Invocation {
  readonly found: FoundVerb;
  /** Set by flags before the command word; the verb's own flags are added. */
  readonly flags: FlagLayer;
  /** Flags that any command takes. */
  readonly specs: FieldSpecs;
  readonly output: string | undefined;
  readonly plugins: readonly Plugin[];
  /** All third-party plugins that were found. */
  readonly external: readonly ExternalPlugin[];
  /** They are ignored. */
  readonly externalOff: boolean;
  readonly version: string;
}

/** Commands that run or show a server look at its profile; all others are clients. */
const serverWords: Readonly<Record<string, string>> = { server: 'server', service: 'service', plugin: 'server' };

/** Resolves with the exit code; rejects with what the verb, or a driver it needs, throws. */
export const runVerb = async (o: VerbRun): Promise<number> => {
  const { verb, plugin } = o.found;
  const line = readLine(o);
  if (line === 'help') return showHelp(o);
  checkPlugins(o);
  const flags: FlagLayer = new Map([...o.flags, ...line.layer]);
  const host = openHost(o, flags);
  const out = createOutput({ ...streams(o.signal), format: formatOf(line.values.output ?? o.output, verb) });
  const call: Call = { ...callOf(line, o, flags), out };
  const opened = await host.open({ id: `micro ${verb.words}`, needs: verb.needs ?? {} });
  try {
    const { run } = await loadVerb(o, flags);
    const ctx = host.contextFor(plugin, opened.needs, o.signal);
    const code = await run(call, ctx);
    return code ?? 0;
  } finally {
    await opened.stop();
  }
};

/** Evaluates the verb's code; MICRO_TRACE=load says what that took. */
const loadVerb = async (o: VerbRun, flags: FlagLayer): ReturnType<Verb['load']> => {
  const before = performance.now();
  const code = await o.found.verb.load();
  const topics = (flags.get('MICRO_TRACE') || o.env.MICRO_TRACE)?.split(',') ?? [];
  const ms = (performance.now() - before).toFixed(1);
  if (topics.includes('load')) process.stderr.write(`load: ${o.found.plugin.id} (${o.found.verb.words}) ${ms} ms\n`);
  return code;
};

/** A server must not come up with something else than its plugins say; other commands go on, so that the plugin can be removed. */
const checkPlugins = ({ found, external, externalOff }: VerbRun): void => {
  if (externalOff && ['plugin add', 'plugin remove'].includes(found.verb.words))
    throw new ExitError('MICRO_PLUGINS is off: ~/.micro/plugins is ignored', 1);
  const clash = external.find(({ clashes }) => clashes);
  if (clash === undefined || !['server', 'service'].includes(found.verb.words)) return;
  throw new ExitError(clash.reason, 1, { hint: `micro plugin remove ${clash.folder}` });
};

interface Line {
  readonly split: SplitArgv;
  readonly values: Readonly<Record<string, unknown>>;
  readonly own: FieldSpecs;
  readonly layer: FlagLayer;
}

/** Flags by the verb's own table first; flags of the program may stand here too when the verb has none of that name. */
const readLine = (o: VerbRun): Line | 'help' => {
  const { verb, words } = o.found;
  const empty: SplitArgv = { texts: new Map(), args: words, rest: [], help: false };
  if (verb.passthrough) return { split: empty, values: {}, own: {}, layer: new Map() };
  const own = flagsOf(verb);
  const shared = Object.entries(o.specs).filter(([name]) => !(name in own) && name !== 'version');
  const specs = { ...own, ...Object.fromEntries(shared) };
  const command = `micro ${verb.words}`;
  const looseWords = verb.args?.some((arg) => arg.rest) === true;
  const split = splitArgv(words, specs, { command, looseWords });
  if (split.help) return 'help';
  const missing = (verb.args ?? []).find(
    (arg, at) => arg.required === true && split.args[at] === undefined && split.rest.length === 0,
  );
  if (missing?.missing !== undefined) throw new ExitError(missing.missing, 1, { hint: `see ${command} --help` });
  if (missing !== undefined) return 'help';
  return { split, own, values: flagValues(split.texts, specs, command), layer: layerOf(split.texts, specs) };
};

/** A command that wants arguments and gets none shows its help, as v3 does, unless it has a text for that; so does `--help`. */
const showHelp = async (o: VerbRun): Promise<number> => {
  const page = await helpFor(o.found.verb.words.split(' '), o);
  process.stdout.write(page ?? '');
  return 0;
};

const callOf = (line: Line, o: VerbRun, flags: FlagLayer): Omit<Call, 'out'> => {
  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  for (const [name, spec] of Object.entries(line.own)) {
    const text = spec.env === undefined ? undefined : flags.get(spec.env) || o.env[spec.env];
    if (line.split.texts.has(name)) values[name] = line.values[name];
    else if (text)
      values[name] = flagValues(new Map([[name, itemsOf(text, spec.list)]]), line.own, `$${spec.env}`)[name];
    else if (spec.default !== undefined) values[name] = spec.default;
    else if (spec.list) values[name] = [];
    if (line.split.texts.has(name) || text) given.add(name);
  }
  checkRequired(line.own, values, o.found.verb);
  return { args: line.split.args, flags: values as Call['flags'], given, rest: line.split.rest, raw: o.found.words };
};

/** Only in a variable does a comma separate items (cli.md 0.1.5). */
const itemsOf = (text: string, list: boolean | undefined): readonly string[] =>
  list ? text.split(',').map((item) => item.trim()) : [text];

const checkRequired = (specs: FieldSpecs, values: Readonly<Record<string, unknown>>, verb: Verb): void => {
  for (const [name, spec] of Object.entries(specs))
    if (spec.required && values[name] === undefined)
      throw new ExitError(`Required flag "${name}" not set`, 1, { hint: `see micro ${verb.words} --help` });
};

/** `json` is for tables and values; other words are for verbs that have an --output of their own. */
const formatOf = (text: unknown, verb: Verb): Output['format'] => {
  if (text === 'json') return 'json';
  const own = verb.flags !== undefined && 'output' in verb.flags;
  if (text === undefined || text === '' || text === 'text' || own || verb.passthrough) return 'text';
  throw new ExitError(`unknown output format: ${String(text)}`, 1, { hint: 'formats: text, json' });
};

const openHost = (o: VerbRun, flags: FlagLayer): OwnHost => {
  const textOf = (name: string): string | undefined => flags.get(name) || o.env[name] || undefined;
  const profile = serverWords[o.found.verb.words.split(' ')[0] as string] ?? 'client';
  const home = openHome({ configFile: textOf('MICRO_CONFIG_FILE') });
  const topics = textOf('MICRO_TRACE')?.split(',') ?? [];
  const stderr = (text: string): void => void process.stderr.write(text);
  return createHost({
    plugins: o.plugins,
    external: o.external,
    profile,
    version: o.version,
    signal: o.signal,
    settings: {
      env: o.env,
      flags,
      ...(o.externalOff ? { absent: () => true } : {}),
      readFile: () => home.config.read().plugins,
      get fileName() {
        return home.config.file;
      },
    },
    log: createLogger({
      level: levelOf(textOf('MICRO_LOG_LEVEL'), profile),
      format: textOf('MICRO_LOG_FORMAT') === 'json' ? 'json' : 'text',
      write: stderr,
    }),
    trace: (topic, line) => {
      if (topics.includes(topic)) stderr(`${topic}: ${line}\n`);
    },
  });
};

/** A command's own work is not worth a line unless it goes wrong; a server says what it does. */
const levelOf = (text: string | undefined, profile: string): LogLevel => {
  const level = logLevels.find((l) => l === text?.toLowerCase());
  if (text !== undefined && level === undefined && text !== 'fatal')
    throw new ExitError(`unknown log level: ${text}`, 1, { hint: `levels: ${logLevels.join(', ')}` });
  return level ?? (text === 'fatal' ? 'error' : profile === 'client' ? 'warn' : 'info');
};

const streams = (signal: AbortSignal) => ({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal,
});
