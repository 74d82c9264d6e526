/**
 * `micro SERVICE [words] [flags]`: looks the service up, prints its help or calls one of its endpoints with a request
 * made from flags (cli.md 3). Owns the order of steps; each step is a file beside it.
 */

import { printAnswer, printStream } from '../../../internal/cli/print-answer.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { Endpoint } from '../../../internal/contract/registry.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import { findEndpoint } from './find-endpoint.ts';
import { lookUp } from './look-up.ts';
import type { config, needs } from './plugin.ts';
import { requestBody, untypedBody } from './request-body.ts';
import { requestFields } from './request-fields.ts';
import { helpFor } from './service-help.ts';
import { type SplitWords, splitWords } from './split-words.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call, ctx: Context): Promise<number> => {
  const words = splitWords(call.raw);
  const [name = ''] = call.raw;
  const found = await lookUp(name, {
    ...ctx.needs,
    ownNamespace: placeOfSettings(ctx.config).namespace,
    signal: ctx.signal,
  });
  if (wantsHelp(words)) {
    const { own, below } = builtinVerbs(ctx.needs.host, words.positionals);
    // v3 ends its help with one newline more.
    call.out.line(`${helpFor(found, words.positionals, below)}\n`);
    if (own !== undefined) call.out.line(own);
    return 0;
  }
  const endpoint = findEndpoint(found, words.positionals);
  const request = new TextEncoder().encode(bodyOf(endpoint, words));
  const options = { signal: ctx.signal, namespace: found.namespace, contentType: 'application/grpc+json' } as const;
  if (endpoint.metadata.stream === 'true') {
    const stream = ctx.needs.client.stream(found.name, endpoint.name, options);
    return printStream(stream, { out: call.out, request, signal: ctx.signal });
  }
  printAnswer(await ctx.needs.client.call(found.name, endpoint.name, request, options), { out: call.out });
  return 0;
};

/** A service's name alone asks what there is to call; with flags it is a call (cli.md 3.7). */
const wantsHelp = ({ positionals, flags }: SplitWords): boolean =>
  flags.has('help') || positionals.at(-1) === '-h' || (positionals.length === 1 && flags.size === 0);

/** Commands of ours that share the service's name: those below it, and the page of the one that the words name. */
const builtinVerbs = (host: Host, positionals: readonly string[]) => {
  const [name = ''] = positionals;
  const shared = host
    .manifests()
    .flatMap((plugin) => (plugin.kind === 'command' ? plugin.verbs : []))
    .filter((verb) => verb.sharesWord === true && verb.words.startsWith(`${name} `))
    .map(({ words, summary, args = [] }) => ({ words, summary, args: args.map((arg) => arg.name) }));
  const same = shared.find((verb) => verb.words === positionals.join(' '));
  const own =
    same &&
    `BY HAND:\n\tmicro ${same.words} ${same.args.join(' ').toUpperCase()}: ${same.summary}\n\tmicro help ${same.words}\n`;
  return { own, below: shared };
};

const bodyOf = (endpoint: Endpoint, { flags }: SplitWords): string => {
  const fields = requestFields(endpoint.request);
  // v3 services register no shape for streams: their reflection sees the context instead of the message.
  if (endpoint.request?.type === 'Context' && fields.all.length === 0) return untypedBody(flags);
  return requestBody(flags, fields);
};
