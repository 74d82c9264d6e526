/**
 * What is authorised is what is dispatched: for random paths, header encodings and doubled headers, a node sees a call only under
 * the exact name that a rule grants, in the exact bytes that the caller sent.
 */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { defaultNamespace } from '../../../internal/contract/core.ts';
import { isRouteNotFound } from '../../../internal/contract/router.ts';
import { connectionLimits } from '../../../internal/h2/connection-limits.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { fieldValue, type HeaderBlock } from '../../../internal/h2/header-block.ts';
import { encodeFields } from '../../../internal/h2/hpack/encoder.ts';
import { createHpackDecoder } from '../../../internal/h2/hpack/decoder.ts';
import { huffmanBytes, huffmanEncode } from '../../../internal/h2/hpack/huffman.ts';
import { writeInteger } from '../../../internal/h2/hpack/integer.ts';
import { frameType } from '../../../internal/h2/frame.ts';
import { createListener } from '../../../internal/h2/listener.ts';
import { deafReader } from '../../../internal/h2/stream-state.ts';
import { unwrapError } from '../../../internal/rpc/status.ts';
import { openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import {
  endHeaders,
  endStream,
  headersFrame,
  openRawPeer,
  type SeenFrame,
} from '../../../test/conformance/raw-frames.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('proxy: authorised is dispatched');

const granted = { service: 'open.shop', endpoint: 'Shop.Look' };
const grantedPath = '/open.shop.Shop/Look';
const runs = 3_000;

/** A node that answers everything and notes how it was called. */
const openNode = async (saw: (block: HeaderBlock) => void) => {
  const listener = createListener({
    connectionsMax: 10,
    limits: { ...connectionLimits, streamsMax: 1_000, streamWindowBytes: 65_535, connectionWindowBytes: 1_048_576 },
    now: Date.now,
    onFault: (error) => {
      throw error;
    },
    onStream: (stream, block) => {
      saw(block);
      stream.sendHeaders(
        encodeFields([
          [':status', '200'],
          ['content-type', 'application/grpc'],
          ['grpc-status', '0'],
        ]),
        true,
      );
      stream.reset(errorCode.noError);
      return deafReader;
    },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  return { address: `127.0.0.1:${port}`, close: () => listener.close() };
};

/** Ways to write one field (RFC 7541 section 6.2), all legal. */
interface Writing {
  readonly form: 'plain' | 'indexed' | 'never';
  readonly huffman: boolean;
}

const prefixes = { plain: 0x00, indexed: 0x40, never: 0x10 };

const writeText = (text: string, huffman: boolean): Buffer => {
  const bytes = huffman ? Buffer.alloc(huffmanBytes(text)) : Buffer.from(text, 'latin1');
  if (huffman) huffmanEncode(text, bytes, 0);
  const out = Buffer.alloc(8);
  const length = writeInteger(out, 0, { flags: huffman ? 0x80 : 0, prefixBits: 7, value: bytes.length });
  return Buffer.concat([out.subarray(0, length), bytes]);
};

const writeField = ([name, value]: readonly [string, string], { form, huffman }: Writing): Buffer =>
  Buffer.concat([Buffer.from([prefixes[form]]), writeText(name, huffman), writeText(value, huffman)]);

const writing: fc.Arbitrary<Writing> = fc.record({
  form: fc.constantFrom('plain' as const, 'indexed' as const, 'never' as const),
  huffman: fc.boolean(),
});

/** The granted path, others, and what lies near them: the tricks by which one reader sees another name than the next. */
const path: fc.Arbitrary<string> = fc.oneof(
  fc.constant(grantedPath),
  fc.constantFrom('/open.shop.Till/Open', '/secret.Safe/Open', '/open.shop.Shop/Buy'),
  fc
    .tuple(
      fc.constantFrom(grantedPath, '/secret.Safe/Open'),
      fc.nat(24),
      fc.nat(3),
      fc.constantFrom(
        '',
        '/',
        '//',
        '.',
        '..',
        '/../',
        '%2f',
        '%2E',
        '%00',
        '?',
        '#',
        ';',
        ' ',
        '\t',
        '\\',
        '\u00e9',
        'A',
        '_',
        '-',
        '/./',
      ),
    )
    .map(([base, at, cut, put]) => base.slice(0, at) + put + base.slice(at + cut)),
  fc.string({ maxLength: 30 }).map((text) => `/${Buffer.from(text).toString('latin1')}`),
);

const more: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.array(
  fc.constantFrom<readonly [string, string]>(
    ['micro-namespace', 'micro'],
    ['micro-namespace', 'other'],
    ['micro-namespace', ''],
    ['authorization', 'Bearer nonsense'],
    ['authorization', 'nonsense'],
    ['micro-service', 'secret'],
    ['micro-endpoint', 'Safe.Open'],
    [':path', '/secret.Safe/Open'],
    ['host', 'secret'],
    ['x-forwarded-for', 'secret'],
  ),
  { maxLength: 3 },
);

test(`holds for ${runs} random requests`, async () => {
  const base = await openRegistryRouter();
  const calls: HeaderBlock[] = [];
  const node = await openNode((block) => calls.push(block));
  for (const name of ['open.shop', 'secret'])
    for (const domain of ['micro', 'other'])
      await base.driver.registry.register(
        {
          name,
          version: 'latest',
          metadata: {},
          endpoints: [],
          nodes: [{ id: `${name}-${domain}`, address: node.address, metadata: {} }],
        },
        { domain },
      );
  const proxy = await openProxy(base.driver, {
    inspect: async () => {
      throw new Error('no token is known here');
    },
    rules: async ({ namespace } = {}) =>
      namespace === defaultNamespace
        ? [
            {
              id: 'one',
              scope: '',
              resource: { type: 'service', name: granted.service, endpoint: granted.endpoint },
              access: 'granted',
              priority: 0,
            },
          ]
        : [],
  });
  let peer = await openRawPeer(proxy.address);
  let streamId = 1;
  let seen = 0;
  let dispatched = 0;
  const run = async (sent: string, fields: readonly (readonly [string, string])[], writings: readonly Writing[]) => {
    if (peer.socket.destroyed || peer.goaway() !== undefined) {
      peer = await openRawPeer(proxy.address);
      streamId = 1;
    }
    const id = streamId;
    streamId += 2;
    const all = [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', sent],
      ['content-type', 'application/grpc'],
      ...fields,
    ] as const;
    const block = Buffer.concat(
      all.map((field, i) => writeField(field as [string, string], writings[i % writings.length]!)),
    );
    calls.length = 0;
    peer.send(headersFrame(id, block, endHeaders | endStream));
    const last = await Promise.race([
      peer.until(
        'an answer',
        (f: SeenFrame) => f.streamId === id && (f.type === frameType.headers || f.type === frameType.rstStream),
      ),
      peer.closed,
    ]);
    seen += 1;
    for (const call of calls) {
      dispatched += 1;
      assert.equal(fieldValue(call, ':path'), grantedPath, 'what a node saw');
      assert.equal(fieldValue(call, ':path'), sent, 'what the caller sent');
      assert.equal(fieldValue(call, 'micro-namespace'), defaultNamespace, 'where it was granted');
    }
    const plain = fields.every(
      ([n, v]) => n === 'x-forwarded-for' || n === 'host' || (n === 'micro-namespace' && v === 'micro'),
    );
    const namespaces = fields.filter(([n]) => n === 'micro-namespace').length;
    if (sent === grantedPath && plain && namespaces < 2) assert.equal(calls.length, 1, 'what is granted arrives');
    assert.ok(last === undefined || !isLookup(last), 'who may not call a service does not learn whether it runs');
  };
  try {
    await fc.assert(fc.asyncProperty(path, more, fc.array(writing, { minLength: 1, maxLength: 6 }), run), {
      numRuns: runs,
    });
    assert.equal(seen >= runs, true);
    assert.ok(dispatched > runs / 20, `only ${dispatched} calls were granted`);
  } finally {
    peer.socket.destroy();
    await proxy.stop();
    await node.close();
    await base.close();
  }
});

/** The answer says that there is no such route, to a caller that no rule lets ask. */
const isLookup = (frame: SeenFrame): boolean => {
  if (frame.type !== frameType.headers) return false;
  const { fields } = createHpackDecoder({ tableBytesMax: 4_096 }).decode(frame.payload, {
    listBytesMax: 65_536,
    fieldsMax: 100,
  });
  const message = fields.find((f) => f.name === 'grpc-message')?.value;
  const error = message === undefined ? undefined : unwrapError(decodeURIComponent(message));
  return error !== undefined && isRouteNotFound(error);
};

test.run();
