/** A command on a terminal of its own, driven as a person would: wait for a text, type. The terminal is made by `script` of util-linux; it owns nothing else. */

import { spawn, spawnSync } from 'node:child_process';

/** Milliseconds a text may take to appear. */
const untilLimitMs = 25_000;

export interface Terminal {
  /** Resolves when the text has appeared behind what was waited for before. */
  until(text: string): Promise<void>;
  type(text: string): void;
  /** Everything the terminal showed so far. */
  screen(): string;
  /** Resolves with the exit code. */
  ended: Promise<number>;
  kill(): void;
}

/** Why there are no terminals here; undefined where there are. */
export const noTerminal = (): string | undefined => {
  if (process.platform !== 'linux') return `script is another program on ${process.platform}`;
  const { error, status } = spawnSync('script', ['--version'], { stdio: 'ignore' });
  return error === undefined && status === 0 ? undefined : 'script (Debian: bsdutils) is not installed';
};

/** `line` is for sh. */
export const openTerminal = (
  line: string,
  o: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Terminal => {
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    ...o,
    env: { ...o.env, SHELL: '/bin/sh', TERM: 'xterm' },
  });
  let screen = '';
  let seen = 0;
  let look = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    look();
  });
  child.stdin.on('error', () => {
    // It ended before it read what was typed; the exit code tells.
  });
  const ended = new Promise<number>((resolve, reject) =>
    child.on('error', reject).on('close', (code) => {
      look();
      resolve(code ?? -1);
    }),
  );
  return {
    until: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no "${text}" on the terminal:\n${screen}`)), untilLimitMs);
        look = () => {
          const at = screen.indexOf(text, seen);
          if (at < 0) return;
          seen = at + text.length;
          clearTimeout(timer);
          look = () => undefined;
          resolve();
        };
        look();
      }),
    type: (text) => void child.stdin.write(text),
    screen: () => screen,
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
};
