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

/** A fault of the peer that ends the connection (GOAWAY); faults of one stream only reset that. */
export class H2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'H2Error';
    this.code = code;
  }
}
