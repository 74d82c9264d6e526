/** SETTINGS both ways (RFC 9113 section 6.5): what we announce, and what a peer announced, checked. */

import { errorCode, H2Error } from './error.ts';
import { frameSizeDefault, windowDefault, windowMax } from './frame.ts';

export const settingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** What a peer lets us do. */
export interface PeerSettings {
  readonly headerTableSize: number;
  readonly maxConcurrentStreams: number;
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
}

/** Holds until the peer's first SETTINGS frame. The table size is the initial one of RFC 7541. */
export const initialPeerSettings: PeerSettings = {
  headerTableSize: 4_096,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowSize: windowDefault,
  maxFrameSize: frameSizeDefault,
};

const entryBytes = 6;
const frameSizeLargest = 2 ** 24 - 1;

/** Applies one SETTINGS payload. Unknown settings are ignored, bad values throw H2Error. */
export const applySettings = (peer: PeerSettings, payload: Buffer): PeerSettings => {
  if (payload.length % entryBytes !== 0)
    throw new H2Error(errorCode.frameSizeError, `SETTINGS of ${payload.length} bytes`);
  const next = { ...peer };
  for (let at = 0; at < payload.length; at += entryBytes) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingId.headerTableSize:
        next.headerTableSize = value;
        break;
      case settingId.enablePush:
        if (value > 1) throw new H2Error(errorCode.protocolError, `SETTINGS_ENABLE_PUSH ${value}`);
        break;
      case settingId.maxConcurrentStreams:
        next.maxConcurrentStreams = value;
        break;
      case settingId.initialWindowSize:
        if (value > windowMax) throw new H2Error(errorCode.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE ${value}`);
        next.initialWindowSize = value;
        break;
      case settingId.maxFrameSize:
        if (value < frameSizeDefault || value > frameSizeLargest)
          throw new H2Error(errorCode.protocolError, `SETTINGS_MAX_FRAME_SIZE ${value}`);
        next.maxFrameSize = value;
        break;
      default:
    }
  }
  return next;
};
