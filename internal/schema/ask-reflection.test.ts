/** Reading what a server serves, when the server is a stranger: wrong answers, silence, and answers that never end are refused within bounds. */

import assert from 'node:assert/strict';

import type { ClientStream } from '../contract/client.ts';
import { isMicroError, notImplemented } from '../contract/error.ts';
import { descriptorBytesMax, descriptorFilesMax } from '../contract/limits.ts';
import { oldReflectionService, reflectionService } from '../contract/standard.ts';
import { suite } from '../../test/support/suite.ts';
import type { Input } from './api.ts';
import { type OpenReflection, reflectedFiles, reflectedServices } from './ask-reflection.ts';
import { reflectionApi, type ServerReflectionRequest, type ServerReflectionResponse } from './core/reflection.ts';
import { fileCodec } from './descriptor-file.ts';

const test = suite('ask-reflection');

const { request, response } = reflectionApi.method('ServerReflection.ServerReflectionInfo');
type Answer = (asked: ServerReflectionRequest) => Input<ServerReflectionResponse> | Uint8Array | undefined;

/** A server of these versions; an answer of undefined ends the stream, bytes go out as they are. */
const server = (
  answer: Answer,
  versions: readonly string[] = [reflectionService],
): OpenReflection & { left: number } => {
  const open: OpenReflection = (name) => {
    const asked: ServerReflectionRequest[] = [];
    let arrived = Promise.withResolvers<void>();
    const stream: ClientStream = {
      send: async (message) => {
        asked.push(request.decode(message) as ServerReflectionRequest);
        arrived.resolve();
      },
      end: () => undefined,
      cancel: () => {
        counted.left += 1;
      },
      async *[Symbol.asyncIterator]() {
        if (!versions.includes(name)) throw notImplemented('server', `unknown service ${name}`);
        for (;;) {
          await arrived.promise;
          arrived = Promise.withResolvers();
          const said = answer(asked.shift() as ServerReflectionRequest);
          if (said === undefined) return;
          yield said instanceof Uint8Array ? said : response.encode(said);
        }
      },
    };
    return stream;
  };
  const counted = Object.assign(open, { left: 0 });
  return counted;
};

const file = (name: string, dependency: readonly string[] = []): Uint8Array =>
  fileCodec.encode({ name, dependency, message_type: [{ name: 'M' }] } as never);
const files = (...bytes: readonly Uint8Array[]) => ({ file_descriptor_response: { file_descriptor_proto: bytes } });
const names = (...all: readonly string[]) => ({ list_services_response: { service: all.map((name) => ({ name })) } });

test('takes the old version where there is no other, and leaves every stream', async () => {
  const open = server(() => names('b.B', reflectionService, 'grpc.health.v1.Health', 'a.A'), [oldReflectionService]);
  assert.deepEqual(await reflectedServices(open), ['a.A', 'b.B']);
  assert.equal(open.left, 2);
});

test('says when there is no reflection at all', async () => {
  await assert.rejects(reflectedServices(server(() => names(), [])), {
    code: 501,
    detail: 'the server has no reflection',
  });
});

test('asks for each import that was not sent along, once', async () => {
  const asked: string[] = [];
  const all: Readonly<Record<string, Uint8Array>> = {
    a: file('a', ['b', 'c']),
    b: file('b', ['c', 'd']),
    c: file('c'),
    d: file('d', ['a']),
  };
  const open = server(({ file_by_filename: name, file_containing_symbol: symbol }) => {
    asked.push(name ?? symbol ?? '');
    return name === undefined ? files(all.a!) : files(all[name]!, all.c!);
  });
  assert.deepEqual((await reflectedFiles(open, ['M'])).map((f) => f.name).sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(asked, ['M', 'b', 'd']);
});

let counter = 0;
for (const [title, answer, expected] of [
  ['bytes that are no answer', () => Buffer.from('ffffff', 'hex'), /cannot decode/],
  ['an answer of another kind', () => names('a'), /something else than files/],
  ['an end in the middle', () => undefined, /ended the reflection stream/],
  ['an error of the server', () => ({ error_response: { error_code: 5, error_message: 'gone' } }), /^gone$/],
  ['bytes that are no descriptor', () => files(Buffer.from('zzzz')), /cannot decode google\.protobuf/],
  ['a descriptor over the bound', () => files(Buffer.alloc(descriptorBytesMax + 1)), /descriptorBytesMax/],
  ['an import that it does not have', () => files(file('a', ['gone'])), /has no file gone/],
  [
    'imports without end',
    ({ file_by_filename: name = '0' }: ServerReflectionRequest) => files(file(name, [String(Number(name) + 1)])),
    new RegExp(`descriptorFilesMax \\(${descriptorFilesMax}\\)`),
  ],
  [
    'files without end in one answer',
    () => files(...Array.from({ length: descriptorFilesMax + 1 }, () => file(String(counter++)))),
    /descriptorFilesMax/,
  ],
] as const satisfies readonly (readonly [string, Answer, RegExp])[])
  test(`refuses ${title}`, async () => {
    const open = server(answer);
    await assert.rejects(reflectedFiles(open, ['M']), (e) => isMicroError(e) && expected.test(e.detail));
    assert.equal(open.left, 1);
  });

test.run();
