/** The keys of the server, for the commands that show and replace them. */

import type { Auth, SigningKey, SigningKeys } from '../../../internal/contract/auth.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import { timeText } from './go-json.ts';

/** Throws ExitError 1 for a driver whose server keeps no keys. */
export const keysOf = ({ keys }: Auth): SigningKeys => {
  if (keys === undefined) throw new ExitError('this auth driver keeps no keys', 1);
  return keys;
};

export const keyJson = ({ id, publicKey, present, ends }: SigningKey) => ({
  id,
  public_key: publicKey,
  present,
  ends: present ? null : timeText(ends),
});
