/** What a gRPC answer looks like as HTTP/2 header blocks and bodies. Blocks that are the same for every call are made once. */

import type { GrpcStatus } from '../contract/call-transport.ts';
import { encodeFields } from '../h2/hpack/encoder.ts';
import { knownEncodings } from './inflate-message.ts';
import { encodeGrpcMessage, trailersOfStatus } from './status.ts';

/** The trailers of a call that went well. */
export const okTrailers: Buffer = encodeFields([['grpc-status', '0']]);

const heads = new Map<string, Buffer>();
/** Content types come from callers; there are three in use. */
const headsMax = 64;

/** Headers before the first message: the content type of the request goes back. */
export const responseHead = (contentType: string): Buffer => {
  const known = heads.get(contentType);
  if (known !== undefined) return known;
  const block = encodeFields([
    [':status', '200'],
    ['content-type', contentType],
  ]);
  if (heads.size < headsMax) heads.set(contentType, block);
  return block;
};

export interface StatusBlockOptions {
  /** Undefined when the headers went before: then these are trailers, else trailers only. */
  readonly contentType: string | undefined;
  /** The caller compressed in a way that is not known here: it is told which ones are. */
  readonly unknownEncoding: boolean;
}

/** The end of a call that failed. */
export const statusBlock = (status: GrpcStatus, o: StatusBlockOptions): Buffer =>
  encodeFields([
    ...(o.contentType === undefined
      ? []
      : ([
          [':status', '200'],
          ['content-type', o.contentType],
        ] as const)),
    ...Object.entries(trailersOfStatus(status)),
    ...(o.unknownEncoding ? ([['grpc-accept-encoding', knownEncodings]] as const) : []),
  ]);

const invalidArgument = '3';

/** The answer to a request that is no gRPC call. */
export const refusalBlock = (httpStatus: number, message: string): Buffer =>
  encodeFields([
    [':status', String(httpStatus)],
    ['grpc-status', invalidArgument],
    ['grpc-message', encodeGrpcMessage(message)],
  ]);
