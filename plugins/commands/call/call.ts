/** `micro call SERVICE ENDPOINT [JSON …]`: one JSON request, one JSON answer (cli.md 2.6). Looks nothing up and knows no field types. */

import { callMetadata, callRequest } from '../../../internal/cli/call-request.ts';
import { printAnswer } from '../../../internal/cli/print-answer.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseDuration } from '../../../internal/time/duration.ts';

import type { config, flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const [service = '', endpoint = '', ...words] = call.args;
  const { address, metadata, output, request_timeout: timeout } = call.flags;
  const answer = await ctx.needs.client.call(service, endpoint, callRequest(words), {
    signal: ctx.signal,
    namespace: placeOfSettings(ctx.config).namespace,
    contentType: 'application/grpc+json',
    metadata: callMetadata(metadata),
    timeoutMs: timeout ? timeoutMsOf(timeout) : undefined,
    address: address || undefined,
  });
  printAnswer(answer, { out: call.out, raw: output === 'raw' });
};

const timeoutMsOf = (text: string): number => {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch {
    // Said below in v3's words, which name the form that is wanted.
  }
  throw new ExitError('Invalid format for request_timeout duration. Try 500ms or 5s', 2);
};
