/** `npm run gen`: everything that is generated and checked in. Code of the protos, then the table of plugins. */

import { join } from 'node:path';

import { genIndex } from './gen-index.ts';
import { genProto } from './gen-proto.ts';

/** Files and folders that gen writes; nothing else in the tree is generated. */
export const generated: readonly string[] = ['proto/gen', 'plugins/index.gen.ts'];

if (import.meta.main) {
  genProto();
  genIndex(join(import.meta.dirname, '..'));
}
