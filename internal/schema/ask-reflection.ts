/**
 * Asks a gRPC server what it serves, by reflection: v1, else v1alpha. What comes back is a stranger's: every file is read within the bounds of
 * descriptor-file.ts, and the whole within those of a set. Opens no connection itself.
 */

import type { Input } from './api.ts';
import type { ServerReflectionRequest, ServerReflectionResponse } from '../../proto/gen/reflection.gen.ts';
import type { ClientStream } from '../contract/client.ts';
import {
  badRequest,
  codeOfGrpc,
  internal,
  isMicroError,
  microError,
  notImplemented,
  tooMany,
} from '../contract/error.ts';
import { descriptorFilesMax, descriptorSetBytesMax } from '../contract/limits.ts';
import { isStandardPrefix, oldReflectionService, reflectionService } from '../contract/standard.ts';
import { reflectionApi } from './core/reflection.ts';
import { type DescriptorFile, descriptorFile } from './descriptor-file.ts';

/** Opens the reflection stream of a server under this full name of the reflection service. */
export type OpenReflection = (fullName: string) => ClientStream;

const id = 'grpc.reflection';

/** Full names of what a server serves, health and reflection left out, sorted. Throws notImplemented when it has no reflection. */
export const reflectedServices = (open: OpenReflection): Promise<readonly string[]> =>
  eitherVersion(open, async (ask) => {
    const { list_services_response: list } = await ask({ list_services: '' });
    if (!list) throw internal(id, 'the server answered something else than its list of services');
    const names = list.service.map(({ name }) => name);
    return names.filter((name) => !isStandardPrefix(name.slice(0, Math.max(name.lastIndexOf('.'), 0)))).sort();
  });

/** The files that declare these symbols and everything they import. Throws notFound, as the server says it, for a symbol it does not know. */
export const reflectedFiles = (open: OpenReflection, symbols: readonly string[]): Promise<readonly DescriptorFile[]> =>
  eitherVersion(open, async (ask) => {
    const found = new Map<string, DescriptorFile>();
    let bytes = 0;
    const take = ({ file_descriptor_response: files }: ServerReflectionResponse): void => {
      if (!files) throw internal(id, 'the server answered something else than files');
      for (const given of files.file_descriptor_proto) {
        bytes += given.length;
        if (bytes > descriptorSetBytesMax)
          throw tooMany(id, `descriptors of more than descriptorSetBytesMax (${descriptorSetBytesMax}) bytes`);
        const file = descriptorFile(given);
        if (!found.has(file.name)) found.set(file.name, file);
        if (found.size > descriptorFilesMax)
          throw tooMany(id, `descriptors of more than descriptorFilesMax (${descriptorFilesMax}) files`);
      }
    };
    for (const symbol of symbols) take(await ask({ file_containing_symbol: symbol }));
    // Most servers send imports along; from the others each is asked for. The map grows while it is walked.
    for (const [, { proto }] of found)
      for (const name of proto.dependency) {
        if (found.has(name)) continue;
        take(await ask({ file_by_filename: name }));
        if (!found.has(name)) throw badRequest(id, `the server has no file ${name}`);
      }
    return [...found.values()];
  });

type Ask = (request: Input<ServerReflectionRequest>) => Promise<ServerReflectionResponse>;

const eitherVersion = async <T>(open: OpenReflection, work: (ask: Ask) => Promise<T>): Promise<T> => {
  try {
    return await converse(open(reflectionService), work);
  } catch (e) {
    if (!isMissing(e)) throw e;
  }
  try {
    return await converse(open(oldReflectionService), work);
  } catch (e) {
    if (!isMissing(e)) throw e;
    throw notImplemented(id, 'the server has no reflection', { cause: e });
  }
};

const isMissing = (e: unknown): boolean => isMicroError(e) && e.code === 501;

/** One stream: a request goes out when the answer to the one before is there. */
const converse = async <T>(stream: ClientStream, work: (ask: Ask) => Promise<T>): Promise<T> => {
  const { request, response } = reflectionApi.method('ServerReflection.ServerReflectionInfo');
  const answers = stream[Symbol.asyncIterator]();
  try {
    return await work(async (asked) => {
      // A server that has no reflection ends the stream at once: the answer says so, not the sending.
      const sent = stream.send(request.encode(asked)).catch(() => undefined);
      const next = await answers.next();
      await sent;
      if (next.done === true) throw internal(id, 'the server ended the reflection stream');
      const answer = response.decode(next.value) as ServerReflectionResponse;
      const { error_response: error } = answer;
      if (error) throw microError(codeOfGrpc(error.error_code), id, error.error_message);
      return answer;
    });
  } finally {
    stream.cancel();
  }
};
