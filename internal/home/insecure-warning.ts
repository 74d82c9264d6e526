/** The line that every run shows when its environment believes any certificate. Pure. */

import type { Place } from './place.ts';

/** Undefined when the certificate is checked, or there is none. */
export const insecureWarning = ({ trust, environment, address }: Place): string | undefined =>
  trust?.insecure === true
    ? `warning: environment ${environment} is insecure: the certificate of ${address} is not checked, anybody in between could read and change everything`
    : undefined;
