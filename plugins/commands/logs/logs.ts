/** `micro logs NAME[@VERSION]`: the last lines of a service, and new ones as they come (cli.md 2.3.6). */

import { ExitError, isMicroError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { LogRecord } from '../../../internal/contract/runtime.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseReference } from '../../../internal/source/locate.ts';

import type { config, flags, needs } from './plugin.ts';

/** Exit code of a command that its user stopped. */
const interrupted = 130;

export const run = async (
  call: Call<typeof flags>,
  ctx: PluginContext<typeof config, typeof needs>,
): Promise<number> => {
  const { flags, out } = call;
  const ref = parseReference(call.args[0] ?? '', process.cwd());
  const { namespace } = placeOfSettings(ctx.config);
  const form = formOf(flags.output, out.format);
  const lines = linesOf(flags.lines);
  const options = { namespace, lines, follow: flags.follow ?? false, signal: ctx.signal };
  try {
    for await (const record of ctx.needs.runtime.logs(ref, options)) out.line(form(record));
  } catch (e) {
    if (ctx.signal.aborted) return interrupted;
    throw friendly(e);
  }
  return ctx.signal.aborted ? interrupted : 0;
};

const defaultLines = 15;

/** v3 takes 0 for its default as well. */
const linesOf = (lines: number): number => {
  if (lines < 0) throw new ExitError(`--lines must not be negative: ${lines}`, 1);
  return lines || defaultLines;
};

const formOf = (given: string | undefined, format: 'text' | 'json'): ((record: LogRecord) => string) => {
  const wanted = given || format;
  if (wanted === 'json') return toJson;
  if (wanted === 'text') return (record) => record.message;
  throw new ExitError(`unknown output format: ${wanted}`, 1, { hint: 'text or json' });
};

const toJson = ({ message, metadata }: LogRecord): string =>
  JSON.stringify({ Message: message, Metadata: Object.keys(metadata).length === 0 ? null : metadata });

/** v3's texts and codes; who may not read is told as everywhere else. */
const friendly = (e: unknown): unknown => {
  if (!isMicroError(e) || e.code === 401 || e.code === 403) return e;
  if (e.code === 404) return new ExitError('Service not found', 1, { cause: e, hint: e.hint });
  if (/route not found|Error while dialing/.test(e.detail)) return e;
  return new ExitError(`Error reading logs: ${e.detail}`, 128, { cause: e, hint: e.hint });
};
