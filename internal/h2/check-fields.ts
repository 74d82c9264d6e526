/** What makes a list of fields malformed (RFC 9113 sections 8.1 to 8.3). Pure; words the fault, ends nothing. */

import type { HeaderBlock, HeaderField, MessagePart } from './header-block.ts';

/** Whether the block is fit for that part of a message. It is looked at once, however often the reader hands it out. */
export const isFit = (block: HeaderBlock, part: MessagePart): boolean => {
  if (block.fitFor === part) return true;
  if (fieldsFault(block.fields, part) !== undefined) return false;
  block.fitFor = part;
  return true;
};

/** The fault of the fields as that part of a message; undefined when there is none. */
export const fieldsFault = (fields: readonly HeaderField[], part: MessagePart): string | undefined => {
  const pseudo: Record<string, string> = Object.create(null);
  let regular = false;
  for (const { name, value } of fields) {
    if (name.charCodeAt(0) === colon) {
      if (regular) return `${name} after other fields`;
      if (!pseudoNames[part].has(name)) return `${name} in a ${part}`;
      if (name in pseudo) return `${name} comes twice`;
      pseudo[name] = value;
    } else {
      regular = true;
      const fault = nameFault(name, value);
      if (fault !== undefined) return fault;
    }
    if (!isValue(value)) return `value of ${name} has characters that a field cannot hold`;
  }
  return pseudoFault(pseudo, part);
};

const colon = 0x3a;

const pseudoNames: Readonly<Record<MessagePart, ReadonlySet<string>>> = {
  request: new Set([':method', ':scheme', ':path', ':authority']),
  response: new Set([':status']),
  trailers: new Set(),
};

const pseudoFault = (pseudo: Readonly<Record<string, string>>, part: MessagePart): string | undefined => {
  switch (part) {
    case 'request':
      if (pseudo[':method'] === 'CONNECT') return ':method CONNECT is not served';
      for (const name of [':method', ':scheme', ':path']) if (!pseudo[name]) return `${name} is missing`;
      return undefined;
    case 'response':
      return /^[1-9]\d\d$/.test(pseudo[':status'] ?? '') ? undefined : ':status is missing';
    case 'trailers':
      return undefined;
    default:
      return part satisfies never;
  }
};

const connectionNames: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

const nameFault = (name: string, value: string): string | undefined => {
  if (!isName(name)) return 'a field name has characters that it cannot hold';
  if (connectionNames.has(name)) return `${name} has no place in HTTP/2`;
  if (name === 'te' && value !== 'trailers') return 'te is not trailers';
  return undefined;
};

/** Visible ASCII without upper case letters and colons (RFC 9113 section 8.2.1). */
const nameChars = Uint8Array.from({ length: 256 }, (_, c) =>
  c > 0x20 && c < 0x7f && c !== colon && !(c >= 0x41 && c <= 0x5a) ? 1 : 0,
);

const isName = (name: string): boolean => {
  for (let i = 0; i < name.length; i += 1) if (nameChars[name.charCodeAt(i)] !== 1) return false;
  return name.length > 0;
};

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

const isValue = (value: string): boolean => {
  if (value.length === 0) return true;
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1)) && !breaks.test(value);
};

/** What ends a line, or a text, elsewhere. A pattern looks through a token in a twentieth of the time that a loop takes. */
const breaks = /[\0\n\r]/;

/** The length a message announces; undefined without one, NaN for one that cannot be read. */
export const contentLength = (fields: readonly HeaderField[]): number | undefined => {
  let length: number | undefined;
  for (const { name, value } of fields) {
    if (name !== 'content-length') continue;
    if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== Number(value))) return Number.NaN;
    length = Number(value);
  }
  return length;
};
