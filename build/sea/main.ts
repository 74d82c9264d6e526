/** Where the bundle begins: the loader calls `start`. The command line itself is cmd/micro/start.ts; what every command line needs first comes along with it. */

import '../../cmd/micro/dispatch.ts';

export { start } from '../../cmd/micro/start.ts';
