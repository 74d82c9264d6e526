/** Talks to test/fixture/go/hpack-peer: the HPACK decoder and encoder of golang.org/x/net in a process of their own. Whoever opens one closes it. */

import { spawn } from 'node:child_process';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface HpackPeer {
  /** A new decoder and a new encoder, both with tables of that many bytes. */
  open(tableBytes: number): void;
  /** The fields of a block, or the peer's words for what is wrong with it. After a fault every block is wrong until `open`. */
  decode(block: Buffer): Promise<Fields | string>;
  /** The encoder's table from now on; it tells the decoder at the start of its next block. */
  setEncoderTable(bytes: number): void;
  encode(fields: Fields): Promise<Buffer>;
  close(): Promise<void>;
}

/** Starts the program. Requests go out at once and are answered in order, so many may wait. */
export const startHpackPeer = (program: string): HpackPeer => {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve(answer: Buffer): void; reject(e: Error): void }[] = [];
  let held: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4 && held.length - at - 4 >= held.readUInt32BE(at)) {
      const end = at + 4 + held.readUInt32BE(at);
      waiting.shift()!.resolve(held.subarray(at + 4, end));
      at = end;
    }
    held = held.subarray(at);
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      for (const one of waiting) one.reject(new Error(`hpack-peer ended with ${code}`));
      resolve();
    });
  });

  const tell = (kind: string, ...parts: readonly Buffer[]): void => {
    const length = 1 + parts.reduce((n, part) => n + part.length, 0);
    child.stdin.write(Buffer.concat([uint32(length), Buffer.from(kind), ...parts]));
  };
  const ask = (kind: string, ...parts: readonly Buffer[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      tell(kind, ...parts);
    });

  return {
    open: (tableBytes) => tell('N', uint32(tableBytes)),
    decode: async (block) => {
      const answer = await ask('D', block);
      return answer[0] === 0 ? readFields(answer.subarray(1)) : answer.toString('latin1', 1);
    },
    setEncoderTable: (bytes) => tell('T', uint32(bytes)),
    encode: (fields) =>
      ask('E', ...fields.flat().flatMap((text) => [uint32(text.length), Buffer.from(text, 'latin1')])),
    close: () => {
      child.stdin.end();
      return ended;
    },
  };
};

const uint32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
};

const readFields = (bytes: Buffer): Fields => {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    texts.push(bytes.toString('latin1', at + 4, end));
    at = end;
  }
  return Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i]!, texts[2 * i + 1]!] as const);
};
