/** A call that a listener has not answered yet, as whoever may have to end it sees it. Types only. */

import type { Hint, MicroErrorJson } from './error.ts';

export interface OpenCall {
  /** What is called. */
  readonly service: string;
  readonly endpoint: string;
  /** The authorization header as it came. */
  readonly authorization: string | undefined;
  /** Admitted without an account: whatever token it carries does not count. */
  readonly isAnonymous: boolean;
  /** Its request has come and is being answered. Undefined where only somebody behind can say. */
  readonly isAnswering?: boolean;
  /** Ends it with this error now. Nothing happens to one that is over. */
  abort(error: MicroErrorJson & Hint & Error): void;
}
