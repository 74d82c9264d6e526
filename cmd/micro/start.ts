/** One run of the program: argv in, exit status out. Owns signals and the end of the process; everything else happens in dispatch.ts and below. */

import { processEnvironment } from '../../internal/host/settings.ts';

/** Interrupted by the user, as shells count it. */
const interruptedCode = 130;
/** A signal so soon after another is the same one on a second way. */
const sameInterruptMs = 250;
/** Whoever read our output has left: what a shell reports for SIGPIPE. */
const brokenPipeCode = 141;

/** Runs the command line of this process, or what MICRO_CHILD makes of it, and ends the process. */
export const start = async (): Promise<void> => {
  const env = processEnvironment();
  if (env.MICRO_CHILD) return runAsChild(env);
  const root = new AbortController();
  let exitCode: number | undefined;
  let interruptedAt = 0;
  const interrupt = (): void => {
    // The second signal does not wait for anything, but npm passes on at once what the terminal has sent as well.
    if (root.signal.aborted && performance.now() - interruptedAt >= sameInterruptMs) process.exit(interruptedCode);
    if (root.signal.aborted) return;
    interruptedAt = performance.now();
    root.abort(new DOMException('interrupted', 'AbortError'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e;
    exitCode = brokenPipeCode;
    root.abort(new DOMException('nobody reads the output', 'AbortError'));
  });
  const { dispatch } = await import('./dispatch.ts');
  const code = await dispatch({ argv: process.argv.slice(2), env, signal: root.signal, interruptedCode });
  await flushed();
  process.exit(exitCode ?? code);
};

/** A service process is this program started by itself; the variable never reaches what it runs. */
const runAsChild = async (env: Record<string, string | undefined>): Promise<void> => {
  if (env.MICRO_CHILD === 'guard') {
    const { runGuard } = await import('../../internal/process/guard.ts');
    return runGuard(process.argv.slice(2));
  }
  const { runChild } = await import('../../sdk/child.ts');
  runChild(env);
};

/** Output may still be on its way: on Windows to any pipe, elsewhere to a socket, which is what some programs give their children for one. */
const flushed = (): Promise<unknown> =>
  Promise.all(
    [process.stdout, process.stderr].map(
      (stream) =>
        new Promise<void>((done) => {
          if (stream.writableLength === 0) done();
          else stream.write('', () => done());
        }),
    ),
  );
