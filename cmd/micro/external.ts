/** Programs called `micro-<word>` on PATH: commands in any language. Owns the child while it runs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

export interface ExternalOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Runs the program for the first word with the others and our streams; its exit code, or undefined when there is none. */
export const runExternal = async (words: readonly string[], o: ExternalOptions): Promise<number | undefined> => {
  const [word = '', ...args] = words;
  const file = findProgram(word, o.env);
  if (file === undefined) return undefined;
  const child = spawn(file, args, { stdio: 'inherit', env: o.env });
  const end = (): void => void child.kill('SIGTERM');
  o.signal.addEventListener('abort', end, { once: true });
  const takeBack = handSignalsTo(child);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? osConstants.signals[signal] : 0)));
    });
  } finally {
    takeBack();
    o.signal.removeEventListener('abort', end);
  }
};

/** What ends a program: the program itself decides what it makes of it. */
const handedOn: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Until the returned function is called, signals to us are the child's, and nothing else comes of them here. */
const handSignalsTo = (child: ChildProcess): (() => void) => {
  const before = handedOn.map((name) => ({ name, listeners: process.listeners(name) }));
  const pass = (name: NodeJS.Signals): void => {
    // Of the keyboard's the terminal has told the child already.
    if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
  };
  // At no time is there no listener: a signal that is on its way would be lost with the last one.
  for (const { name, listeners } of before) {
    process.on(name, pass);
    for (const listener of listeners) process.removeListener(name, listener);
  }
  return () => {
    for (const { name, listeners } of before) {
      for (const listener of listeners) process.on(name, listener);
      process.removeListener(name, pass);
    }
  };
};

/** Absolute path of `micro-<word>`. Words that are no plain names, and folders on PATH that are not absolute, are left alone. */
export const findProgram = (word: string, env: ExternalOptions['env']): string | undefined => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(word)) return undefined;
  const endings = process.platform === 'win32' ? ['.exe', '.com'] : [''];
  for (const folder of (env.PATH ?? '').split(delimiter).filter(isAbsolute))
    for (const ending of endings) {
      const file = join(folder, `micro-${word}${ending}`);
      if (isExecutable(file)) return file;
    }
  return undefined;
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to run: the next folder may have it.
    return false;
  }
};
