/** The flags that may stand before any command word, and the MICRO_ variables they set: `--x` sets MICRO_X for one run. Pure. */

import type { FieldSpecs } from '../contract/field.ts';
import { fields } from '../contract/field.ts';
import type { Plugin, Verb } from '../contract/plugin.ts';

/** Flags of the program itself, before the command word. */
export const hostFlags = fields({
  c: { type: 'string', doc: 'Set the config file: defaults to ~/.micro/config.json', env: 'MICRO_CONFIG_FILE' },
  env: { type: 'string', doc: 'Set the environment to operate in', env: 'MICRO_ENV', short: 'e' },
  profile: { type: 'string', doc: 'Set the plugin profile', env: 'MICRO_PROFILE' },
  namespace: { type: 'string', doc: 'Set the namespace to operate in', env: 'MICRO_NAMESPACE' },
  proxy_address: { type: 'string', doc: 'Send all calls through this address', env: 'MICRO_PROXY' },
  data_dir: { type: 'string', doc: 'Set the folder of the server on this machine', env: 'MICRO_DATA_DIR' },
  log_level: {
    type: 'enum',
    values: ['trace', 'debug', 'info', 'warn', 'error'],
    doc: 'Log this level and those above it',
    env: 'MICRO_LOG_LEVEL',
  },
  log_format: { type: 'enum', values: ['text', 'json'], doc: 'Form of log lines', env: 'MICRO_LOG_FORMAT' },
});

/** `--output`, which every command understands. */
export const outputFlag = fields({
  output: { type: 'string', doc: 'Output format: text or json', short: 'o' },
});

/** `MICRO_STORE_ADDRESS` -> `store_address`; undefined for a variable that is none of ours. */
const flagOfVariable = (variable: string): string | undefined =>
  variable.startsWith('MICRO_') ? variable.slice('MICRO_'.length).toLowerCase() : undefined;

/** The variable that switches a slot to another driver: `MICRO_STORE`. */
export const slotVariable = (slot: string): string =>
  `MICRO_${slot.replace(/(?<=[a-z])[A-Z]/g, (c) => `_${c}`).toUpperCase()}`;

/** Every slot that a driver among these fills, sorted. */
export const slotsOf = (plugins: readonly Plugin[]): readonly string[] =>
  [...new Set(plugins.flatMap((p) => (p.kind === 'driver' ? [p.provides.name] : [])))].sort();

/**
 * Every flag that may stand before the command word: the program's own, one per slot, one per setting that names a variable. Of
 * settings that share a variable the first is shown; texts are checked against each setting's own type when it is read.
 */
export const settingFlags = (plugins: readonly Plugin[]): FieldSpecs => {
  const flags: Record<string, FieldSpecs[string]> = {};
  const taken = new Set(Object.values(hostFlags).map((spec) => spec.env as string));
  for (const slot of slotsOf(plugins))
    flags[slot] = { type: 'string', doc: `Driver for ${slot}`, env: slotVariable(slot) };
  for (const plugin of plugins) {
    for (const spec of Object.values<FieldSpecs[string]>(plugin.config ?? {})) {
      const name = spec.env === undefined ? undefined : flagOfVariable(spec.env);
      if (name === undefined || name in hostFlags || name in flags || taken.has(spec.env as string)) continue;
      flags[name] = {
        type: spec.type === 'bool' ? 'bool' : 'string',
        doc: spec.doc,
        env: spec.env,
        secret: spec.secret,
      };
    }
  }
  return { ...flags, ...hostFlags };
};

/** All flags a verb takes: its own, and `--output` where it has none of that name. */
export const flagsOf = (verb: Verb): FieldSpecs => {
  const own: FieldSpecs = verb.flags ?? {};
  if ('output' in own) return own;
  const takesO = Object.values(own).some((spec) => spec.short === 'o' || spec.alias === 'o') || 'o' in own;
  return { ...own, output: takesO ? { ...outputFlag.output, short: undefined } : outputFlag.output };
};
