/** JSON as v3's command line prints it in one line: what is special in HTML is escaped. Pure. */

import type { MicroErrorJson } from '../../../internal/contract/error.ts';

const special = /[<>&\u2028\u2029]/g;

export const goJson = (value: unknown): string =>
  JSON.stringify(value).replace(special, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** v3's four keys; what we add to them goes on a line of its own. */
export const errorJson = ({ id, code, detail, status }: MicroErrorJson): string => goJson({ id, code, detail, status });

/** Unix seconds as a time of RFC 3339. */
export const timeText = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
