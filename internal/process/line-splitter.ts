/** Cuts a byte stream into lines of UTF-8 text. A line longer than the bound is cut and its rest dropped, so that memory stays bounded. */

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Hands out what stands after the last newline. */
  end(): void;
}

const newline = 0x0a;
const mark = ' … (line cut)';

export const createLineSplitter = (bytesMax: number, onLine: (line: string) => void): LineSplitter => {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let cut = false;
  const emit = (): void => {
    const text = Buffer.concat(held).toString('utf8').replace(/\r$/, '');
    onLine(cut ? text + mark : text);
    held = [];
    heldBytes = 0;
    cut = false;
  };
  const keep = (part: Buffer): void => {
    const room = bytesMax - heldBytes;
    if (part.length > room) cut = true;
    const kept = part.subarray(0, Math.max(0, room));
    if (kept.length > 0) held.push(kept);
    heldBytes += kept.length;
  };
  return {
    push: (chunk) => {
      let from = 0;
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
        keep(chunk.subarray(from, at));
        emit();
        from = at + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    },
    end: () => {
      if (heldBytes > 0 || cut) emit();
    },
  };
};
