/** Puts HEADERS and CONTINUATION payloads together into whole header blocks (RFC 9113 sections 6.2 and 6.10). Bounded in bytes and frames; decodes nothing. */

import { headerFramesMax } from '../contract/limits.ts';
import { errorCode, H2Error } from './error.ts';
import { flag } from './frame.ts';

export interface AssembledBlock {
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly endStream: boolean;
}

export interface BlockAssembler {
  /** The block, when this frame completes it. */
  headers(streamId: number, flags: number, payload: Buffer): AssembledBlock | undefined;
  continuation(streamId: number, flags: number, payload: Buffer): AssembledBlock | undefined;
  /** The stream whose block is incomplete: nothing but its CONTINUATION may come; 0 for none. */
  readonly expecting: number;
}

export const createBlockAssembler = (blockBytesMax: number): BlockAssembler => {
  let streamId = 0;
  let endStream = false;
  let parts: Buffer[] = [];
  let bytes = 0;

  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > blockBytesMax || parts.length >= headerFramesMax)
      throw new H2Error(
        errorCode.enhanceYourCalm,
        `header block over ${blockBytesMax} bytes or ${headerFramesMax} frames`,
      );
    parts.push(Buffer.from(part));
  };
  const finish = (): AssembledBlock => {
    const block = { streamId, bytes: Buffer.concat(parts, bytes), endStream };
    streamId = 0;
    parts = [];
    bytes = 0;
    return block;
  };

  return {
    headers: (id, flags, payload) => {
      const part = fragmentOf(id, flags, payload);
      const end = (flags & flag.endStream) !== 0;
      if ((flags & flag.endHeaders) !== 0 && part.length <= blockBytesMax)
        return { streamId: id, bytes: part, endStream: end };
      streamId = id;
      endStream = end;
      add(part);
      return undefined;
    },
    continuation: (_id, flags, payload) => {
      add(payload);
      return (flags & flag.endHeaders) === 0 ? undefined : finish();
    },
    get expecting() {
      return streamId;
    },
  };
};

const priorityBytes = 5;

/** The field block fragment of a HEADERS payload: padding and priority taken off. */
const fragmentOf = (streamId: number, flags: number, payload: Buffer): Buffer => {
  const rest = unpadded(flags, payload);
  if ((flags & flag.priority) === 0) return rest;
  if (rest.length < priorityBytes) throw new H2Error(errorCode.frameSizeError, 'HEADERS too short for its priority');
  // The connection ends, not the stream alone: the block that follows would have to be decoded first.
  if (dependsOnItself(streamId, rest)) throw new H2Error(errorCode.protocolError, 'stream depends on itself');
  return rest.subarray(priorityBytes);
};

const idMask = 0x7fff_ffff;

/** No stream may (RFC 7540 section 5.3.1; RFC 9113 dropped priorities but keeps the field). */
export const dependsOnItself = (streamId: number, priority: Buffer): boolean =>
  (priority.readUInt32BE(0) & idMask) === streamId;

/** A payload without its padding (RFC 9113 section 6.1). */
export const unpadded = (flags: number, payload: Buffer): Buffer => {
  if ((flags & flag.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined) throw new H2Error(errorCode.frameSizeError, 'padded frame without a pad length');
  if (padding >= payload.length) throw new H2Error(errorCode.protocolError, 'padding longer than the frame');
  return payload.subarray(1, payload.length - padding);
};
