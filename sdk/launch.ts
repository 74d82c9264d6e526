/**
 * What a service process was given when it was started: read from the environment once, before the author's code runs, and taken out of it.
 * Owns the hand-over between child.ts (writes) and service.ts (reads); interprets nothing.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Launch {
  /** The whole environment as it was, secrets included. */
  readonly env: Environment;
  /** Absolute path of the file that is run. */
  readonly entry: string;
  /** Folder with transpiled sources by content hash; undefined when there is none. */
  readonly transpiledDir: string | undefined;
  /** Process id of whoever started us. */
  readonly parentPid: number;
}

/** A symbol of the registry, so that two copies of the SDK in one process see the same launch. */
const slot = Symbol.for('micro.launch');
/** Never seen by the author's code or by what it spawns. */
const hidden = /^MICRO_(CHILD.*|TRANSPILED|AUTH_SECRET|AUTH_PRIVATE_KEY|CONFIG_SECRET_KEY)$/;

/** Takes the launch out of `env`, removing what only the SDK may see. Throws when no entry is named. */
export const takeLaunch = (env: Record<string, string | undefined>, parentPid: number): Launch => {
  const entry = env.MICRO_CHILD_ENTRY;
  if (!entry) throw new Error('MICRO_CHILD_ENTRY is not set: a service process is started by the runtime');
  const launch: Launch = {
    env: { ...env },
    entry,
    transpiledDir: env.MICRO_TRANSPILED || undefined,
    parentPid: Number(env.MICRO_CHILD_PARENT) || parentPid,
  };
  for (const name of Object.keys(env)) if (hidden.test(name)) delete env[name];
  Object.defineProperty(globalThis, slot, { value: launch, enumerable: false });
  return launch;
};

/** The launch of this process; undefined when it was not started by the runtime. */
export const currentLaunch = (): Launch | undefined => (globalThis as { [slot]?: Launch })[slot];

/** What this process was given: of the launch when the runtime started it, else the environment as it is. */
export const givenEnvironment = (): Environment => currentLaunch()?.env ?? process.env;
