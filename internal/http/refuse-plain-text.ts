/** What a peer is told that speaks plain text to a port where it must not: HTTP/1 a status, HTTP/2 a GOAWAY. Bytes only; sends nothing. */

import { type Hint, microError, type MicroErrorJson } from '../contract/error.ts';
import { errorCode } from '../h2/error.ts';
import { clientPreface, goawayFrame, settingsFrame } from '../h2/frame.ts';

const detail = 'this port speaks TLS';
const hint = 'write https:// where you wrote http://; plain text is for programs on the same machine';
const http1Request = /^[A-Z]{3,10} [/*A-Za-z]/;

/** By its first bytes; undefined for what is neither. `id` names the listener in the error. */
export const refusePlainText = (id: string, start: Buffer): Buffer | undefined => {
  const part = start.subarray(0, clientPreface.length);
  if (part.length > 2 && clientPreface.subarray(0, part.length).equals(part))
    return Buffer.concat([settingsFrame([]), goawayFrame(0, errorCode.inadequateSecurity, `${detail}: ${hint}`)]);
  if (http1Request.test(start.toString('latin1', 0, 16))) return http1Error(microError(400, id, detail, { hint }));
  return undefined;
};

/** A whole HTTP/1.1 answer with the error as JSON, after which the connection ends. */
export const http1Error = (error: MicroErrorJson & Hint): Buffer => {
  const body = Buffer.from(JSON.stringify(error));
  const head = [
    `HTTP/1.1 ${error.code} ${error.status}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`, 'latin1'), body]);
};
