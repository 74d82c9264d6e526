/** Handlers that show every kind of call, on a text codec that needs no schema: what client suites and transport tests call. */

import { badRequest } from '../../internal/contract/error.ts';
import type { CallContext, Codec, Handler, Handlers } from '../../internal/contract/handler.ts';

/** Messages are text; as JSON `{"text": …}`. Decoding `\xff` fails, as broken proto bytes would. */
export const textCodec: Codec<string> = {
  decode: (bytes) => {
    if (bytes[0] === 0xff) throw badRequest('example', 'not a text');
    return new TextDecoder().decode(bytes);
  },
  encode: (text) => Buffer.from(text, 'utf8'),
  fromJson: (json) => {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && 'text' in value ? String(value.text) : '';
  },
  toJson: (text) => JSON.stringify({ text }),
};

/** What the handlers saw: tests wait for it instead of for time to pass. */
export interface Seen {
  /** How many calls of Example.Wait have begun. */
  waiting: number;
  /** Reasons of the signals that fired in Example.Wait. */
  readonly aborted: string[];
  /** How far Example.Count came, and how often its `finally` ran. */
  produced: number;
  finished: number;
  /** The last context that Example.Context was called with. */
  context: CallContext | undefined;
}

const shape = { name: 'Text', type: 'Text', values: [{ name: 'text', type: 'string', values: [] }] };
const common = {
  request: textCodec,
  response: textCodec,
  describe: () => ({ request: shape, response: shape }),
};

/** Fresh handlers of type `Example` and what they saw. */
export const exampleHandlers = (): { readonly handlers: Handlers; readonly seen: Seen } => {
  const seen: Seen = { waiting: 0, aborted: [], produced: 0, finished: 0, context: undefined };
  const handlers: readonly Handler[] = [
    { ...common, kind: 'unary', endpoint: 'Example.Echo', handle: async (text: string) => text },
    {
      ...common,
      kind: 'unary',
      endpoint: 'Example.Context',
      handle: async (key: string, ctx: CallContext) => {
        seen.context = ctx;
        return ctx.metadata[key] ?? '';
      },
    },
    {
      ...common,
      kind: 'unary',
      endpoint: 'Example.Fail',
      handle: async (text: string) => {
        if (text === 'crash') throw new Error('it broke: 100% <of> "é"');
        throw badRequest('example.Fail', text, { hint: 'a way out' });
      },
    },
    {
      ...common,
      kind: 'unary',
      endpoint: 'Example.Wait',
      handle: (_: string, ctx: CallContext) =>
        new Promise<string>(() => {
          seen.waiting += 1;
          ctx.signal.addEventListener('abort', () => seen.aborted.push(String(ctx.signal.reason.detail)));
        }),
    },
    {
      ...common,
      kind: 'server-stream',
      endpoint: 'Example.Count',
      handle: async function* (text: string) {
        try {
          for (let i = 0; i < Number(text); i += 1) {
            seen.produced += 1;
            yield String(i).padEnd(1_000, '.');
          }
        } finally {
          seen.finished += 1;
        }
      },
    },
    {
      ...common,
      kind: 'server-stream',
      endpoint: 'Example.FailLate',
      handle: async function* (text: string) {
        yield text;
        throw badRequest('example.FailLate', 'after one message');
      },
    },
    {
      ...common,
      kind: 'client-stream',
      endpoint: 'Example.Join',
      handle: async (texts: AsyncIterable<string>) => {
        const all: string[] = [];
        for await (const text of texts) all.push(text);
        return all.join('+');
      },
    },
    {
      ...common,
      kind: 'bidi',
      endpoint: 'Example.Chat',
      handle: async function* (texts: AsyncIterable<string>) {
        for await (const text of texts) yield `you said ${text}`;
      },
    },
  ];
  return { handlers, seen };
};
