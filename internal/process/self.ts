/** How to start this program again as a child, with an internal switch that says what the child is. From source that is Node and cmd/micro/main.ts. */

import { fileURLToPath } from 'node:url';

/** `service`: runs an author's entry (sdk/child.ts). `guard`: holds a foreign command and ends it with its parent (guard.ts). */
export type ChildMode = 'service' | 'guard';

export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** To be added to the child's environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Words and variables that start this program in the given mode; it then ends with the process that started it. */
export const selfCommand = (mode: ChildMode): SelfCommand => ({
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../../cmd/micro/main.ts', import.meta.url))],
  env: { MICRO_CHILD: mode, MICRO_CHILD_PARENT: String(process.pid) },
});
