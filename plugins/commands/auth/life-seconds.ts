/** How long a token is to live, from what was said of it. Pure. */

import { ExitError } from '../../../internal/contract/error.ts';
import { formatDuration } from '../../../internal/time/duration.ts';

export interface Life {
  /** `--for`, in milliseconds. */
  readonly for?: number;
  /** v3's `--expiry`, in seconds; 0 says nothing. */
  readonly expiry?: number;
  /** v3's `--id`. */
  readonly id?: string;
}

/** Life of a token that is asked for with v3's flags and no time. */
const shortExpirySeconds = 60;

/** Undefined: as the server has it. Throws ExitError for what is no number of seconds; how many are too many is the server's to say. */
export const lifeSeconds = ({ for: ms, expiry, id }: Life): number | undefined => {
  if (ms !== undefined && expiry !== undefined)
    throw new ExitError('--for and --expiry say the same thing', 1, { hint: 'give one of them' });
  if (ms === undefined) return expiry || (id === undefined ? undefined : shortExpirySeconds);
  const seconds = ms / 1_000;
  if (Number.isInteger(seconds) && seconds >= 1) return seconds;
  throw new ExitError(`a token cannot live for ${formatDuration(ms)}`, 1, { hint: 'whole seconds, 1s at the least' });
};
