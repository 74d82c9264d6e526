/** The frame reader under fuzz, with what reads payloads before streams do: header block fragments put together, SETTINGS. A stream must read the same however it is cut, and the same as by a plain reader that has all of it. */

import * as assert from 'uvu/assert';

import { headerBytesMax } from '../../internal/contract/limits.ts';
import { createBlockAssembler, unpadded } from '../../internal/h2/block-assembler.ts';
import { H2Error } from '../../internal/h2/error.ts';
import { frameHeaderBytes, frameSizeDefault, frameType, windowMax } from '../../internal/h2/frame.ts';
import { createFrameReader } from '../../internal/h2/frame-reader.ts';
import { applySettings, initialPeerSettings } from '../../internal/h2/settings.ts';
import type { FuzzTarget } from './engine.ts';
import type { FrameStream } from './frame-stream.ts';
import { bytesOf, mutateStream, piecesOf, requestSeeds, responseSeeds, showStream } from './frame-stream.ts';

export const frameTarget = (): FuzzTarget<FrameStream> => ({
  name: 'frame',
  covers: /internal\/h2\/(frame-reader|block-assembler|settings)\.ts$/,
  seeds: [...requestSeeds, ...responseSeeds],
  mutate: mutateStream,
  show: showStream,
  run: (input) => {
    const bytes = bytesOf(input);
    const whole = read([bytes]);
    const cut = read(piecesOf(bytes, input.cuts));
    assert.equal(cut, whole);
    assert.equal(whole, plainRead(bytes));
    return readPayloads(whole.frames);
  },
});

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

interface Reading {
  readonly frames: readonly Frame[];
  /** Bytes of the last, incomplete frame; none after a fault. */
  readonly left: number;
  readonly fault: boolean;
}

const read = (pieces: readonly Buffer[]): Reading => {
  const frames: Frame[] = [];
  const reader = createFrameReader(frameSizeDefault, (type, flags, streamId, payload) => {
    frames.push({ type, flags, streamId, payload: Buffer.from(payload) });
  });
  let fed = 0;
  try {
    for (const piece of pieces) {
      reader.feed(piece);
      fed += piece.length;
      assert.ok(reader.heldBytes <= Math.min(fed, frameHeaderBytes + frameSizeDefault), `holds ${reader.heldBytes}`);
    }
  } catch (e) {
    if (!(e instanceof H2Error)) throw e;
    return { frames, left: 0, fault: true };
  }
  return { frames, left: reader.heldBytes, fault: false };
};

const plainRead = (bytes: Buffer): Reading => {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= 9) {
    const length = bytes.readUIntBE(at, 3);
    if (length > frameSizeDefault) return { frames, left: 0, fault: true };
    if (bytes.length - at - 9 < length) break;
    const payload = bytes.subarray(at + 9, at + 9 + length);
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      streamId: bytes.readUInt32BE(at + 5) % 2 ** 31,
      payload,
    });
    at += 9 + length;
  }
  return { frames, left: bytes.length - at, fault: false };
};

/** As a connection does it, up to the first fault; answers what came of it. */
const readPayloads = (frames: readonly Frame[]): string => {
  const assembler = createBlockAssembler(headerBytesMax);
  let settings = initialPeerSettings;
  let blocks = 0;
  try {
    for (const { type, flags, streamId, payload } of frames) {
      if (assembler.expecting !== 0 && (type !== frameType.continuation || streamId !== assembler.expecting))
        return 'interrupted block';
      const block = readBlock(assembler, { type, flags, streamId, payload });
      if (block !== undefined) {
        blocks += 1;
        assert.ok(block.length <= headerBytesMax);
      }
      if (type === frameType.data) assert.ok(unpadded(flags, payload).length <= payload.length);
      if (type === frameType.settings && (flags & 1) === 0) settings = applySettings(settings, payload);
    }
  } catch (e) {
    if (!(e instanceof H2Error)) throw e;
    return e.message.replaceAll(/\d+/g, 'N');
  }
  assert.ok(settings.initialWindowSize <= windowMax && settings.maxFrameSize >= frameSizeDefault);
  return `${Math.min(blocks, 4)} blocks${assembler.expecting === 0 ? '' : ', one incomplete'}`;
};

const readBlock = (assembler: ReturnType<typeof createBlockAssembler>, frame: Frame): Buffer | undefined => {
  const { type, flags, streamId, payload } = frame;
  if (type === frameType.headers) {
    const block = assembler.headers(streamId, flags, payload);
    // Without CONTINUATION a block is what the frame holds beyond padding and priority.
    if (block !== undefined) assert.ok(payload.includes(block.bytes));
    return block?.bytes;
  }
  if (type === frameType.continuation && assembler.expecting !== 0)
    return assembler.continuation(streamId, flags, payload)?.bytes;
  return undefined;
};
