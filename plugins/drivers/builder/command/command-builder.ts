/** Builds nothing: a folder with an executable file `service` is started as it is, under a guard, since it does not end with us by itself. */

import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Builder, Launch } from '../../../../internal/contract/builder.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import { selfCommand } from '../../../../internal/process/self.ts';

export const create = (): Builder => ({
  name: 'command',
  detect: (folder) => isExecutable(join(folder, 'service')),
  build: async ({ folder }) => {
    const file = join(folder, 'service');
    if (!(await isExecutable(file))) throw badRequest('builder.command', 'no executable file `service` in the folder');
    return guarded([file], folder);
  },
});

/** The command under our guard, which ends it when the server dies. */
const guarded = (command: readonly string[], cwd: string): Launch => {
  const self = selfCommand('guard');
  return { command: self.command, args: [...self.args, ...command], cwd, env: self.env, endsWithParent: true };
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isFile(),
    () => false,
  );

const isExecutable = async (path: string): Promise<boolean> =>
  (await isFile(path)) &&
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
