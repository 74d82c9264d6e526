/** Asks the user for one line on the terminal, or takes it from piped input. Owns echo while it waits; keeps nothing of what was typed. */

import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

import { ExitError } from '../contract/error.ts';

export interface PromptStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  /** Where the question is shown. */
  readonly to: Writable;
  readonly signal?: AbortSignal;
}

/** One typed line may be this long. */
const lineCharsMax = 64 * 1024;

/** As shells count a run that the user interrupted. */
const interruptedCode = 130;

/** The line without its end; empty when input ends before a line does. Rejects with AbortError when the signal fires, with ExitError 130 when the user hits ^C at a hidden question. */
export const prompt = async (text: string, o: PromptStreams & { readonly hidden?: boolean }): Promise<string> => {
  const isTerminal = o.stdin.isTTY === true;
  const raw = o.hidden === true && isTerminal && o.stdin.setRawMode !== undefined;
  // Before the question shows: whoever types at once must not see it echoed.
  if (raw) o.stdin.setRawMode?.(true);
  o.to.write(text);
  let answered = false;
  try {
    const line = await readLine(o, raw);
    answered = true;
    return line;
  } finally {
    if (raw) o.stdin.setRawMode?.(false);
    o.stdin.pause();
    // The terminal shows the end of the line that a user types, but not of a hidden one, nor after ^C.
    if (o.hidden || (isTerminal && !answered)) o.to.write('\n');
  }
};

const readLine = (o: PromptStreams, raw: boolean): Promise<string> =>
  new Promise((resolve, reject) => {
    const { stdin, signal } = o;
    let line = '';
    // A character may come in two pieces.
    const decoder = new StringDecoder('utf8');
    const done = (): void => {
      stdin.off('data', onData).off('end', onEnd).off('error', onError);
      signal?.removeEventListener('abort', onAbort);
    };
    const answer = (rest = ''): void => {
      done();
      stdin.pause();
      // A second question reads what was piped in behind the first answer.
      if (rest !== '') stdin.unshift(Buffer.from(rest));
      resolve(line);
    };
    const fail = (e: unknown): void => {
      done();
      reject(e);
    };
    const onEnd = (): void => {
      line += decoder.end();
      answer();
    };
    const onError = (e: Error): void => fail(e);
    const onAbort = (): void => fail(abortError());
    const onData = (chunk: Buffer | string): void => {
      const taken = take(line, typeof chunk === 'string' ? chunk : decoder.write(chunk), raw);
      line = taken.line;
      if (taken.end === 'interrupt') fail(new ExitError('', interruptedCode));
      else if (taken.end === 'line') answer(taken.rest);
      else if (line.length > lineCharsMax) fail(new ExitError('the line is too long', 1));
    };
    if (signal?.aborted) {
      reject(abortError());
      return;
    }
    if (stdin.readableEnded || stdin.destroyed) {
      // An earlier question met the end already, and it is told only once.
      resolve('');
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    stdin.on('data', onData).on('end', onEnd).on('error', onError);
    stdin.resume();
  });

interface Taken {
  readonly line: string;
  readonly rest: string;
  readonly end: 'line' | 'interrupt' | undefined;
}

/** Adds what was typed to the line; in raw mode ^C, ^D, ^U and backspace are ours to handle, and other control characters are no part of a password. */
const take = (before: string, typed: string, raw: boolean): Taken => {
  let line = before;
  const chars = [...typed];
  for (const [at, char] of chars.entries()) {
    const rest = chars.slice(at + 1).join('');
    if (char === '\r') return { line, rest: rest.replace(/^\n/, ''), end: 'line' };
    if (char === '\n' || (raw && char === '\u0004')) return { line, rest, end: 'line' };
    if (raw && char === '\u0003') return { line, rest: '', end: 'interrupt' };
    if (raw && (char === '\u007f' || char === '\b')) line = [...line].slice(0, -1).join('');
    else if (raw && char === '\u0015') line = '';
    else if (!raw || char >= ' ') line += char;
  }
  return { line, rest: '', end: undefined };
};

const abortError = (): DOMException => new DOMException('interrupted', 'AbortError');
