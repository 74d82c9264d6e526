/** Prints what a called service answers: JSON re-indented with TABs and its digits untouched, or raw bytes (cli.md 2.6, 2.7, 3.6). */

import type { ClientStream } from '../contract/client.ts';
import { ExitError } from '../contract/error.ts';
import type { Output } from '../contract/output.ts';
import { indentJson } from './json-indent.ts';

export interface PrintOptions {
  readonly out: Output;
  /** Bytes as received, nothing added. */
  readonly raw?: boolean;
}

/** Nothing for an empty answer. Throws ExitError 3 for what is no JSON. */
export const printAnswer = (answer: Uint8Array, o: PrintOptions): void => {
  if (o.raw === true) o.out.write(answer);
  else if (answer.length > 0) o.out.line(indented(answer));
};

/** Exit code of a command that its user stopped. */
const interrupted = 130;

/** Sends one message, half-closes, prints each answer as it comes. Resolves to 130 when the signal ended it, quietly. */
export const printStream = async (
  stream: ClientStream,
  o: PrintOptions & { readonly request: Uint8Array; readonly signal: AbortSignal },
): Promise<number> => {
  try {
    await stream.send(o.request);
    stream.end();
    for await (const message of stream) printAnswer(message, o);
  } catch (e) {
    if (!o.signal.aborted) throw e;
  } finally {
    stream.cancel();
  }
  return o.signal.aborted ? interrupted : 0;
};

const indented = (answer: Uint8Array): string => {
  try {
    return indentJson(new TextDecoder().decode(answer));
  } catch (e) {
    throw new ExitError('Error while trying to format the response', 3, {
      cause: e,
      hint: 'see it with micro call --output raw',
    });
  }
};
