/** Whole answers: bytes, JSON, and errors as the error JSON with its status (wire.md 6.5). Streams are written by whoever has them. */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { errorFields, type Hint, type MicroErrorJson } from '../contract/error.ts';

interface Reply {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface Content {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Sends everything at once; a body of the request that was not read ends the connection instead of being waited for. */
export const sendContent = ({ request, response }: Reply, content: Content): void => {
  const body = typeof content.body === 'string' ? Buffer.from(content.body) : content.body;
  if (!request.complete && request.headers['transfer-encoding'] !== undefined)
    response.setHeader('Connection', 'close');
  if (!request.complete && Number(request.headers['content-length'] ?? 0) > 0)
    response.setHeader('Connection', 'close');
  response.writeHead(content.status ?? 200, { 'Content-Type': content.type, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
};

/** When an answer has begun already, its connection is cut: the caller must not take half of it for the whole. */
export const sendError = (reply: Reply, error: MicroErrorJson & Hint): void => {
  if (reply.response.headersSent) return void reply.response.destroy();
  sendContent(reply, { status: httpStatus(error.code), type: 'application/json', body: errorText(error) });
};

export const errorText = (error: MicroErrorJson & Hint): string => JSON.stringify(errorFields(error));

/** Codes that are no HTTP error status are told as 500; the body keeps the code. */
const httpStatus = (code: number): number => (Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500);
