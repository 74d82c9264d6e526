/** Builds nothing: a folder with an executable file `service` is started as it is, one with go.mod by `go run`. Both run under a guard, since they do not end with us by themselves. */

import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Builder, Launch } from '../../../../internal/contract/builder.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import { selfCommand } from '../../../../internal/process/self.ts';

export const create = (): Builder => ({
  name: 'command',
  detect: async (folder) => (await commandOf(folder)) !== undefined,
  build: async ({ folder }) => {
    const command = await commandOf(folder);
    if (command === undefined)
      throw badRequest('builder.command', 'no executable file `service` and no go.mod in the folder');
    return guarded(command, folder);
  },
});

const commandOf = async (folder: string): Promise<readonly string[] | undefined> => {
  if (await isExecutable(join(folder, 'service'))) return [join(folder, 'service')];
  if (await isFile(join(folder, 'go.mod'))) {
    return (await isFile(join(folder, 'vendor', 'modules.txt')))
      ? ['go', 'run', '-mod', 'vendor', '.']
      : ['go', 'run', '.'];
  }
  return undefined;
};

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
