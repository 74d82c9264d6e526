/** Goes back to the version before: tries it, then the two change places, so that the same again undoes it. */

import { access } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ExitError } from '../contract/error.ts';
import { diskFault } from './disk-fault.ts';
import { type Place, previousOf, swapPrograms } from './replace-program.ts';
import { tryProgram } from './try-program.ts';

/** The version that is installed now. Throws ExitError when none is kept, or the kept one does not run. */
export const rollBack = async (place: Place, signal: AbortSignal): Promise<string> => {
  const previous = previousOf(place);
  await access(previous).catch((cause: unknown) => {
    throw new ExitError(`there is no version to go back to: ${previous} is not there`, 1, { cause });
  });
  const version = await tryProgram({ file: previous, name: previous, signal });
  await swapPrograms(place).catch((e: unknown) => {
    throw diskFault(e, dirname(place.program));
  });
  return version;
};
