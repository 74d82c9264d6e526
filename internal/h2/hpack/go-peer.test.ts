/** The decoder and the encoder against golang.org/x/net: what Go's encoder writes with its dynamic table and Huffman code is read here, what is written here is read there. */

import * as assert from 'uvu/assert';

import { goProgram } from '../../../test/support/go-program.ts';
import type { HpackPeer } from '../../../test/support/hpack-peer.ts';
import { startHpackPeer } from '../../../test/support/hpack-peer.ts';
import { suite } from '../../../test/support/suite.ts';
import { contextFreeBlock } from '../edit-block.ts';
import { createHpackDecoder } from './decoder.ts';
import type { FieldList } from './encoder.ts';
import { emptySizeUpdate, encodeFields } from './encoder.ts';

const test = suite('hpack with golang.org/x/net');
const limit = { listBytesMax: 1 << 20, fieldsMax: 1_000 };

/** Requests of one connection: some fields repeat, some change, so that entries are added, used and evicted. */
const requests: readonly FieldList[] = Array.from({ length: 300 }, (_, i) => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', `/pkg.Service${i % 7}/Method${i % 11}`],
  [':authority', 'localhost:8081'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ['grpc-timeout', `${i * 37}m`],
  ['authorization', `Bearer ${'t'.repeat(i % 50)}`],
  [`x-${i % 40}`, String.fromCharCode(...Array.from({ length: i % 64 }, (_, k) => (i * 31 + k * 17) % 256))],
]);

const withPeer = async (check: (peer: HpackPeer) => Promise<void>): Promise<void> => {
  const peer = startHpackPeer(file);
  try {
    await check(peer);
  } finally {
    await peer.close();
  }
};

const pairs = (fields: readonly { name: string; value: string }[]): FieldList =>
  fields.map(({ name, value }) => [name, value]);

const go = await goProgram('hpack-peer');
const file = 'file' in go ? go.file : '';

const tests: Readonly<Record<string, () => Promise<void>>> = {
  'reads what Go writes, while the table changes its size': () =>
    withPeer(async (peer) => {
      peer.open(4096);
      const decoder = createHpackDecoder({ tableBytesMax: 4096 });
      let dynamic = 0;
      for (const [i, request] of requests.entries()) {
        if (i % 50 === 49) peer.setEncoderTable([0, 64, 256, 4096][(i / 50) & 3]!);
        const bytes = await peer.encode(request);
        const decoded = decoder.decode(bytes, limit);
        assert.equal(pairs(decoded.fields), request);
        if (decoded.contextFree) continue;
        dynamic += 1;
        const free = contextFreeBlock(bytes, decoded.fields);
        const again = createHpackDecoder({ tableBytesMax: 0 }).decode(free.bytes, limit);
        assert.equal(again, { fields: free.fields, contextFree: true, tooLarge: false });
        assert.equal(pairs(again.fields), request);
      }
      assert.ok(dynamic > 200, `${dynamic} blocks leaned on the table`);
    }),
  'from a table of 0 on, what Go writes is context-free': () =>
    withPeer(async (peer) => {
      peer.open(4096);
      const decoder = createHpackDecoder({ tableBytesMax: 4096 });
      decoder.decode(await peer.encode(requests[0]!), limit);
      peer.setEncoderTable(0);
      decoder.setTableLimit(0);
      assert.is(decoder.decode(await peer.encode(requests[1]!), limit).contextFree, false);
      for (const request of requests.slice(2, 20)) {
        const decoded = decoder.decode(await peer.encode(request), limit);
        assert.is(decoded.contextFree, true);
        assert.equal(pairs(decoded.fields), request);
      }
    }),
  'Go reads what is written here': () =>
    withPeer(async (peer) => {
      peer.open(4096);
      for (const request of requests) assert.equal(await peer.decode(encodeFields(request)), request);
      assert.equal(await peer.decode(Buffer.concat([emptySizeUpdate, encodeFields(requests[0]!)])), requests[0]);
    }),
};

for (const [title, body] of Object.entries(tests))
  if ('absent' in go) process.stdout.write(`SKIP ${title}: ${go.absent}\n`);
  else test(title, body);

test.run();
