/** What `micro status` and `micro services` say, for tests that wait for it. */

import { poll } from './poll.ts';
import type { Server } from './server.ts';

/** The status row of a service once it matches; rejects with the server's output when it does not in time. */
export const untilStatus = async (server: Server, name: string, pattern: RegExp, limitMs = 30_000): Promise<string> => {
  let last = '';
  try {
    return await poll(
      `${name} ${pattern}`,
      async () => {
        const { code, stdout, stderr } = await server.micro(['status']);
        last = stdout + stderr;
        const row = stdout.split('\n').find((l) => l.split(/\s/, 1)[0] === name);
        return code === 0 && row !== undefined && pattern.test(row) ? row : undefined;
      },
      limitMs,
    );
  } catch (e) {
    const { stdout } = await server.micro(['logs', '-n', '50', name]);
    throw new Error(`${(e as Error).message}\nstatus:\n${last}\nlogs:\n${stdout}\nserver:\n${server.output()}`, {
      cause: e,
    });
  }
};

/** Runs a command that must succeed; returns its stdout. */
export const ok = async (server: Server, args: readonly string[], cwd?: string): Promise<string> => {
  const { code, stdout, stderr } = await server.micro(args, { cwd });
  if (code !== 0)
    throw new Error(`micro ${args.join(' ')} ended with ${code}\n${stdout}${stderr}\nserver:\n${server.output()}`);
  return stdout;
};
