/** What may be the name of a namespace (wire.md 8.1: arbitrary text, but it travels in headers, in tokens and on command lines). Pure. */

import { namespaceCharsMax } from '../contract/limits.ts';

/** Not blank, no blanks or control characters in it, not too long, and not `*`, which means all of them. */
export const isNamespaceName = (text: unknown): text is string =>
  typeof text === 'string' && text !== '*' && text.length <= namespaceCharsMax && /^[^\s\p{Cc}]+$/u.test(text);
