/** Where the bundle begins: the loader calls `start`. The command line itself is cmd/micro/start.ts. */

export { start } from '../../cmd/micro/start.ts';
