/** Server reflection as standard gRPC clients ask for it (v1 and v1alpha, whose messages are the same). Answers one request after the other; where descriptors come from, and who may see what, is the source's business. */

import { grpcStatus, notFound, toMicroError } from '../contract/error.ts';
import type { CallContext, Handlers } from '../contract/handler.ts';
import {
  reflectionApi,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../schema/core/reflection.ts';
import type { DescriptorFile } from '../schema/descriptor-file.ts';
import type { Input } from '../schema/api.ts';
import { implement } from '../schema/implement.ts';

/** What a reflection server tells; each answer is for this caller. */
export interface DescriptorSource {
  /** Full names of the services, sorted. */
  services(ctx: CallContext): Promise<readonly string[]>;
  /** The file of this name and what it imports; undefined when there is none for this caller. */
  fileNamed(name: string, ctx: CallContext): Promise<readonly DescriptorFile[] | undefined>;
  /** The file that declares a message, enum, service or method, and what it imports. */
  fileContaining(symbol: string, ctx: CallContext): Promise<readonly DescriptorFile[] | undefined>;
}

type Answer = Omit<Input<ServerReflectionResponse>, 'valid_host' | 'original_request'>;

const errorId = 'grpc.reflection';

/** The one handler that serves both versions; not registered. */
export const reflectionHandlers = (source: DescriptorSource): Handlers =>
  implement(
    reflectionApi,
    {
      'ServerReflection.ServerReflectionInfo': async function* (requests, ctx) {
        for await (const request of requests)
          yield { valid_host: request.host, original_request: request, ...(await answer(request, source, ctx)) };
      },
    },
    { internal: true },
  );

const answer = async (
  request: ServerReflectionRequest,
  source: DescriptorSource,
  ctx: CallContext,
): Promise<Answer> => {
  try {
    return await found(request, source, ctx);
  } catch (e) {
    // One request that fails does not end the conversation.
    const error = toMicroError(e, errorId);
    return { error_response: { error_code: grpcStatus(error.code), error_message: error.detail } };
  }
};

const found = async (request: ServerReflectionRequest, source: DescriptorSource, ctx: CallContext): Promise<Answer> => {
  const { file_by_filename: name, file_containing_symbol: symbol, all_extension_numbers_of_type: type } = request;
  if (request.list_services !== undefined) {
    const names = await source.services(ctx);
    return { list_services_response: { service: names.map((service) => ({ name: service })) } };
  }
  if (name !== undefined) return filesAnswer(await source.fileNamed(name, ctx), `file ${name}`);
  if (symbol !== undefined) return filesAnswer(await source.fileContaining(symbol, ctx), `symbol ${symbol}`);
  if (type !== undefined) {
    if ((await source.fileContaining(type, ctx)) === undefined) throw unknown(`symbol ${type}`);
    return { all_extension_numbers_response: { base_type_name: type } };
  }
  throw unknown('extension');
};

const filesAnswer = (files: readonly DescriptorFile[] | undefined, what: string): Answer => {
  if (files === undefined) throw unknown(what);
  return { file_descriptor_response: { file_descriptor_proto: files.map(({ bytes }) => bytes) } };
};

const unknown = (what: string): Error => notFound(errorId, `${what} not found`);
