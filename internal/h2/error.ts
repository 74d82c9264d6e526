/** HTTP/2 error codes (RFC 9113 section 7) and the error that ends a connection or a stream. */

/** The codes by their names in the RFC. */
export const errorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** A fault of the peer. Without a stream it ends the connection (GOAWAY), with one only that stream (RST_STREAM). */
export class H2Error extends Error {
  readonly code: number;
  /** The stream at fault; undefined when the connection cannot go on. */
  readonly streamId: number | undefined;

  constructor(code: number, message: string, streamId?: number) {
    super(message);
    this.name = 'H2Error';
    this.code = code;
    this.streamId = streamId;
  }
}
