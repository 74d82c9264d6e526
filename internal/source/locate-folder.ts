/** The folder that `run` and `update` upload: as locate.ts finds it, and nothing but a folder of this machine. */

import { ExitError } from '../contract/error.ts';
import { type LocalSource, locate } from './locate.ts';

/** Throws ExitError 1 for what is not here, naming it. */
export const locateFolder = (argument: string, cwd: string): LocalSource => {
  const source = locate(argument, cwd);
  if (source.kind === 'local') return source;
  throw new ExitError(`source ${argument} does not exist`, 1, {
    hint: 'remote sources are not supported yet: run a local folder',
  });
};
