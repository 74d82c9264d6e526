/** Errors on the wire: JSON, numbers and details, and what a client makes of each. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { badRequest, internal, microError, notFound } from '../contract/error.ts';
import { errorDetailCharsMax } from '../contract/limits.ts';
import { errorCodec } from '../schema/core/errors.ts';
import { suite } from '../../test/support/suite.ts';
import { encodeGrpcMessage, errorJson, errorOfStatus, statusOfError, trailersOfError } from './status.ts';

const test = suite('rpc status');

test('writes the four keys in order, escaped as Go does', () =>
  assert.equal(
    errorJson(badRequest('a.B.C', 'x < y & "z" > 1')),
    '{"id":"a.B.C","code":400,"detail":"x \\u003c y \\u0026 \\"z\\" \\u003e 1","status":"Bad Request"}',
  ));

for (const [code, grpc] of [
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [408, 4],
  [409, 6],
  [412, 9],
  [429, 8],
  [499, 1],
  [500, 13],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 4],
  [405, 2],
  [200, 2],
] as const)
  test(`sends code ${code} as gRPC status ${grpc}`, () =>
    assert.equal(statusOfError(microError(code, 'x', 'y')).code, grpc));

test('carries errors.Error in a google.rpc.Status', () => {
  const error = notFound('registry.Registry.GetService', 'service not found');
  const details = statusOfError(error).details as Buffer;
  const message = Buffer.from(errorJson(error));
  assert.deepEqual([...details.subarray(0, 4)], [0x08, 5, 0x12, message.length]);
  assert.ok(details.includes(message));
  assert.ok(details.includes('type.googleapis.com/errors.Error'));
  // The Any's value is the last field of the last message.
  const { id, code, detail, status } = error;
  const value = Buffer.from(errorCodec.encode({ id, code, detail, status }));
  assert.deepEqual(details.subarray(-value.length - 2), Buffer.concat([Buffer.from([0x12, value.length]), value]));
});

test('cuts a detail that would not fit into headers', () => {
  const { message, details } = statusOfError(internal('x', 'y'.repeat(1_000_000)));
  assert.ok(message.length < errorDetailCharsMax + 200);
  assert.equal(details, undefined);
  assert.equal(errorOfStatus({ code: 13, details: message }).detail.slice(0, 3), 'yyy');
});

test('survives texts that are no proper Unicode', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, detail) => {
      const { message } = statusOfError(badRequest(id, detail));
      const read = errorOfStatus({ code: 3, details: message });
      assert.equal(read.detail, detail.toWellFormed());
      assert.match(encodeGrpcMessage(message), /^[\x20-\x7e]*$/);
      assert.equal(decodeURIComponent(encodeGrpcMessage(message)), message);
    }),
  );
  for (const odd of ['\ud800', 'a\udc00b'])
    assert.doesNotThrow(() => encodeURI(statusOfError(badRequest(odd, odd)).message));
});

test('trailers hold status, message and details as text', () => {
  const trailers = trailersOfError(badRequest('x', 'é%'));
  assert.equal(trailers['grpc-status'], '3');
  assert.ok(!/[^\x20-\x7e]/.test(trailers['grpc-message'] as string));
  assert.match(trailers['grpc-status-details-bin'] as string, /^[A-Za-z0-9+/]+$/);
});

test('a text that is no error JSON becomes one of the client', () => {
  const of = (code: number, details: string) => errorOfStatus({ code, details }).toJSON();
  const id = 'go.micro.client';
  assert.deepEqual(of(12, 'unknown service X'), {
    id,
    code: 501,
    detail: 'unknown service X',
    status: 'Not Implemented',
  });
  assert.deepEqual(of(4, 'whatever'), {
    id,
    code: 408,
    detail: 'context deadline exceeded',
    status: 'Request Timeout',
  });
  assert.equal(of(1, 'Call cancelled').code, 499);
  for (const text of ['{', '{}', '{"code":0}', '{"code":"5"}', '[1]', 'null', ''])
    assert.equal(of(2, text).detail, text);
});

test('errors wrapped in errors are unwrapped to the innermost', () => {
  const inner = errorJson(internal('svc', 'service x: route not found'));
  const outer = errorJson(internal('go.micro.client', errorJson(internal('go.micro.client', inner))));
  assert.deepEqual(
    errorOfStatus({ code: 13, details: outer }).toJSON(),
    internal('svc', 'service x: route not found').toJSON(),
  );
});

test('unwrapping is bounded', () => {
  let text = errorJson(internal('x', 'core'));
  for (let i = 0; i < 12; i += 1) text = errorJson(internal('x', text));
  assert.equal(errorOfStatus({ code: 2, details: text }).code, 500);
});

test.run();
