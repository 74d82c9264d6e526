/** Where the bundle begins in a process that MICRO_CHILD makes a child of this program: start.ts without the command line's own code. */

export { start } from '../../cmd/micro/start.ts';
