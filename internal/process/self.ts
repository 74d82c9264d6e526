/** How to start this program again as a child, with an internal switch that says what the child is. Knows both forms: the executable, and Node with cmd/micro/main.ts. */

import { fileURLToPath } from 'node:url';

import { embedded } from './embedded.ts';

/** `service`: runs an author's entry (sdk/child.ts). `guard`: holds a foreign command and ends it with its parent (guard.ts). */
export type ChildMode = 'service' | 'guard';

export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** To be added to the child's environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A process can give itself a title as long as the command line it was started with; the executable alone leaves no room for a service's name. */
export const roomForTitle = 'micro-service'.padEnd(80, '.');

/** Words and variables that start this program in the given mode; it then ends with the process that started it. */
export const selfCommand = (mode: ChildMode): SelfCommand => {
  const inside = embedded();
  const [command, ...args] = inside?.command() ?? sourceCommand();
  if (inside !== undefined && mode === 'service') args.push(roomForTitle);
  return { command, args, env: { MICRO_CHILD: mode, MICRO_CHILD_PARENT: String(process.pid) } };
};

const sourceCommand = (): [string, ...string[]] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('../../cmd/micro/main.ts', import.meta.url)),
];
