/** Signed texts of three parts (RFC 7515, compact form) with RS256 and nothing else: reads strictly, signs, verifies. Knows no claims; trusts no header. */

import { Buffer } from 'node:buffer';
import { type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a signed text says. Nothing of it is true before verifyJws() says so. */
export interface Jws {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** The two parts as they are signed. */
  readonly signedText: string;
  readonly signature: Buffer;
}

/** RSASSA-PKCS1-v1_5 with SHA-256, which Node takes for an RSA key unless told otherwise. */
const digest = 'sha256';

/** Undefined for what is no such text: other parts than three, base64url in a second spelling, anything but JSON objects in UTF-8. */
export const parseJws = (text: string): Jws | undefined => {
  const [head = '', body = '', tail = '', ...rest] = text.split('.');
  const signature = bytesOf(tail);
  const header = objectOf(head);
  const claims = objectOf(body);
  if (rest.length > 0 || signature === undefined || header === undefined || claims === undefined) return undefined;
  return { header, claims, signedText: `${head}.${body}`, signature };
};

const signAside = promisify(sign);

/** Signing takes a millisecond or more, so it is done on another thread. */
export const signJws = async (header: JsonObject, claims: JsonObject, privateKey: KeyObject): Promise<string> => {
  const text = `${partOf(header)}.${partOf(claims)}`;
  const signature = await signAside(digest, Buffer.from(text), privateKey);
  return `${text}.${signature.toString('base64url')}`;
};

export const verifyJws = ({ signedText, signature }: Jws, publicKey: KeyObject): boolean =>
  verify(digest, Buffer.from(signedText), publicKey, signature);

const partOf = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** One text per value: padding, blanks and unused bits that are not zero would let one signature stand for many texts. */
const bytesOf = (part: string): Buffer | undefined => {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const objectOf = (part: string): JsonObject | undefined => {
  const bytes = bytesOf(part);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
};
