/** The binary, run from source: start.ts with Node's compile cache in front of it. The executable has caches of its own and starts in build/sea/main.ts. */

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** Without it every start would strip types and compile anew: about 160 ms of work. */
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'micro'));

const { start } = await import('./start.ts');
await start();
