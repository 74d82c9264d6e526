/** What the auth commands say when the server refuses: v3's first line, the reason or the way out as the second, exit code 1. Pure. */

import { ExitError, isMicroError, type MicroErrorJson } from '../../../internal/contract/error.ts';
import { errorJson } from './go-json.ts';

/** The server answered; a server that cannot be reached is told in the same words by every command. */
const isAnswer = (code: number): boolean => code >= 400 && code < 500 && code !== 408 && code !== 499;

/** The way out of what v3 only states; a reason from the server comes before it. */
const waysOut: ReadonlyMap<string, string> = new Map([
  ['A rule with this ID already exists', 'micro auth list rules shows it; micro auth delete rule ID makes room'],
  ['Account with this ID already exists', 'micro auth list accounts shows it; micro auth delete account ID makes room'],
  ['Account with this Name already exists', 'micro auth list accounts shows it'],
  ['Account not found with this ID', 'micro auth list accounts shows those there are'],
  ["Can't delete your own account", 'another admin can: log in as one'],
]);

const refusal = (e: unknown, text: (error: MicroErrorJson) => string): unknown =>
  isMicroError(e) && isAnswer(e.code)
    ? new ExitError(text(e), 1, { cause: e, hint: e.hint ?? waysOut.get(e.detail) })
    : e;

/** `PREFIX: {"id":…}`. */
export const refusalAsJson = (prefix: string, e: unknown): unknown =>
  refusal(e, (error) => `${prefix}: ${errorJson(error)}`);

/** `Error: DETAIL`. */
export const refusalAsDetail = (e: unknown): unknown => refusal(e, (error) => `Error: ${error.detail}`);
