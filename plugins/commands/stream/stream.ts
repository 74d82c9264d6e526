/** `micro stream SERVICE ENDPOINT [JSON …]`: sends one message, prints each answer as it comes (cli.md 2.7). */

import { callMetadata, callRequest } from '../../../internal/cli/call-request.ts';
import { printStream } from '../../../internal/cli/print-answer.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, flags, needs } from './plugin.ts';

export const run = async (
  call: Call<typeof flags>,
  ctx: PluginContext<typeof config, typeof needs>,
): Promise<number> => {
  const [service = '', endpoint = '', ...words] = call.args;
  const request = callRequest(words);
  const stream = ctx.needs.client.stream(service, endpoint, {
    signal: ctx.signal,
    namespace: placeOfSettings(ctx.config).namespace,
    contentType: 'application/grpc+json',
    metadata: callMetadata(call.flags.metadata),
  });
  return printStream(stream, { out: call.out, raw: call.flags.output === 'raw', request, signal: ctx.signal });
};
