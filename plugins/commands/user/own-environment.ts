/** The environment that `micro user namespace` speaks of: as in v3 the one of the config file, whatever MICRO_ENV says (cli.md 2.10). */

import type { Output } from '../../../internal/contract/output.ts';
import { selectedName } from '../../../internal/home/environments.ts';
import type { Home } from '../../../internal/home/home.ts';

/** Says so when the run asked for another one. */
export const ownEnvironment = (home: Home, o: { readonly env: string | undefined; readonly out: Output }): string => {
  const own = selectedName(home.config);
  if (o.env && o.env !== own)
    o.out.note(`this is the namespace of environment ${own}; for ${o.env}: micro -e ${o.env} namespace`);
  return own;
};
