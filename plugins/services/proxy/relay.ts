/** Passes one call between a caller's stream and a node's: bytes, trailers, back-pressure and cancellation, both ways. Decodes no message and chooses no node. */

import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

import { type Hint, internal, type MicroErrorJson, unavailable } from '../../../internal/contract/error.ts';
import { trailersOfError } from '../../../internal/rpc/status.ts';
import { proxyErrorId, responseHeaders } from './headers.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_FLAG_END_STREAM } = constants;

const noop = (): void => undefined;

/** The caller's side of one call. */
export interface Caller {
  readonly stream: ServerHttp2Stream;
  /** Fires when the caller has left or everything has been said. */
  readonly closed: AbortSignal;
  /** Ends the call with an error: as trailers alone, or after what was already passed on. Later calls are ignored. */
  fail(error: MicroErrorJson & Hint): void;
  /** Ends the call with these trailers, once the bytes before them have left. */
  finish(trailers: IncomingHttpHeaders | Readonly<Record<string, string>>): void;
}

/** Wraps a fresh stream; answers in the content type of the request. */
export const openCaller = (stream: ServerHttp2Stream, contentType: string): Caller => {
  const closed = new AbortController();
  let trailers: ReturnType<typeof responseHeaders> | undefined;
  stream.on('error', noop);
  stream.once('close', () => closed.abort());
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers ?? {});
    // A caller that still sends must be told that nobody listens any more.
    if (!stream.readableEnded) setImmediate(() => stream.close(NGHTTP2_NO_ERROR));
  });
  const isOpen = (): boolean => !stream.destroyed && !stream.closed && trailers === undefined;
  const finish: Caller['finish'] = (headers) => {
    if (!isOpen()) return;
    trailers = responseHeaders(headers as IncomingHttpHeaders);
    stream.resume();
    stream.end();
  };
  return {
    stream,
    closed: closed.signal,
    finish,
    fail: (error) => {
      if (!isOpen()) return;
      if (stream.headersSent) return finish(trailersOfError(error));
      trailers = {};
      stream.respond({ ':status': 200, 'content-type': contentType, ...trailersOfError(error) }, { endStream: true });
      stream.resume();
      if (!stream.readableEnded) stream.close(NGHTTP2_NO_ERROR);
    },
  };
};

/** Connects the two until both are done. Resolves with the error the proxy itself had to answer with, if any; never rejects. */
export const relay = (
  caller: Caller,
  node: ClientHttp2Stream,
  address: string,
): Promise<(MicroErrorJson & Hint) | undefined> =>
  new Promise((resolve) => {
    node.on('error', noop);
    passRequest(caller, node);
    const response = passResponse(caller, node);
    node.once('close', () => {
      if (response.complete || caller.closed.aborted) {
        resolve(undefined);
        return;
      }
      const failure = brokenOff(node.rstCode, address);
      caller.fail(failure);
      resolve(failure);
    });
    if (caller.closed.aborted) leave(caller, node);
    else caller.closed.addEventListener('abort', () => leave(caller, node), { once: true });
  });

/** The caller has gone: so does the node's half, whatever it was doing. */
const leave = ({ stream }: Caller, node: ClientHttp2Stream): void => {
  if (node.closed || node.destroyed) return;
  node.close(stream.rstCode === NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : stream.rstCode);
  node.resume();
};

const passRequest = ({ stream }: Caller, node: ClientHttp2Stream): void => {
  // A reset also shows as an end of the bytes; the node must not take it for a half-close.
  const halfClose = (): void => {
    if (stream.rstCode === NGHTTP2_NO_ERROR && !stream.aborted && !node.destroyed) node.end();
  };
  // A request without a body ends by itself, unread, while the caller is still being checked.
  if (stream.readableEnded) {
    halfClose();
    return;
  }
  stream.pipe(node, { end: false });
  stream.once('end', halfClose);
};

const passResponse = (caller: Caller, node: ClientHttp2Stream): { readonly complete: boolean } => {
  const { stream } = caller;
  let trailers: IncomingHttpHeaders | undefined;
  let ended = false;
  const state = { complete: false };
  const finish = (): void => {
    if (!ended || trailers === undefined) return;
    state.complete = true;
    caller.finish(trailers);
  };
  node.once('response', (headers, flags) => {
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const endStream = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    if (endStream) {
      state.complete = true;
      stream.respond(responseHeaders(headers), { endStream: true });
      stream.resume();
      if (!stream.readableEnded) stream.close(NGHTTP2_NO_ERROR);
      return;
    }
    stream.respond(responseHeaders(headers), { waitForTrailers: true });
    node.pipe(stream, { end: false });
  });
  node.once('trailers', (headers) => {
    trailers = headers;
    finish();
  });
  node.once('end', () => {
    ended = true;
    finish();
  });
  return state;
};

/** What the caller is told of a node's stream that ended before its status came. */
const brokenOff = (rstCode: number, address: string): MicroErrorJson & Hint => {
  switch (rstCode) {
    case NGHTTP2_NO_ERROR:
      return internal(proxyErrorId, `node ${address} ended the call without a status`);
    case constants.NGHTTP2_REFUSED_STREAM:
      return unavailable(proxyErrorId, `node ${address} refused the call`);
    default:
      return unavailable(proxyErrorId, `connection to node ${address} was lost`);
  }
};
