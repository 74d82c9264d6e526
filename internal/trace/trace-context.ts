/** W3C trace context: the ids of a trace as they travel in `traceparent` and `tracestate`. Reads and writes text; starts nothing. */

export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly flags: number;
  /** The `tracestate` header, passed on as it came. */
  readonly state: string | undefined;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const stateCharsMax = 512;

/** Reads a `traceparent` header; undefined when it is malformed, which starts a new trace as the standard says. */
export const parseTraceparent = (text: string | undefined, state?: string): TraceContext | undefined => {
  const match = pattern.exec(text ?? '');
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as readonly [string, ...string[]];
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId as string) || /^0+$/.test(spanId as string)) return undefined;
  return {
    traceId: traceId as string,
    spanId: spanId as string,
    flags: Number.parseInt(flags as string, 16) & 1,
    state: state !== undefined && state !== '' && state.length <= stateCharsMax ? state : undefined,
  };
};

/** The `traceparent` header of a context. */
export const formatTraceparent = (c: TraceContext): string =>
  `00-${c.traceId}-${c.spanId}-${(c.flags & 1).toString(16).padStart(2, '0')}`;

/** Random digits are drawn for many ids at once: a draw costs more than all else about a span. */
const drawnBytes = 2_048;
const traceDigits = 32;
const spanDigits = 16;
const zeros = '0'.repeat(traceDigits);

let drawn = '';
let used = 0;

/** Ids are no secrets: loading node:crypto would cost every command line that calls 3 ms. */
const randomBytes = (): Buffer => {
  const words = new Uint32Array(drawnBytes / 4);
  for (let i = 0; i < words.length; i += 1) words[i] = Math.random() * 2 ** 32;
  return Buffer.from(words.buffer);
};

/** Digits that no other id has and that are not all zero. */
const randomHex = (digits: number): string => {
  for (;;) {
    if (used + digits > drawn.length) {
      drawn = randomBytes().toString('hex');
      used = 0;
    }
    used += digits;
    const hex = drawn.slice(used - digits, used);
    if (hex !== zeros.slice(0, digits)) return hex;
  }
};

/** A span below `parent`, or the first of a new trace. */
export const childContext = (parent: TraceContext | undefined): TraceContext => ({
  traceId: parent?.traceId ?? randomHex(traceDigits),
  spanId: randomHex(spanDigits),
  flags: parent?.flags ?? 1,
  state: parent?.state,
});
