/** The counter's two methods. Adds one at a time, so that no call is lost. */

import {
  badRequest,
  fields,
  type PluginContext,
  type ServiceInstance,
  type Store,
  unary,
  unauthorized,
} from 'micro/plugin';

import type { config, needs } from './plugin.ts';

const request = fields({
  name: { type: 'string', doc: 'What is counted' },
  by: { type: 'int64', doc: 'How many' },
});
const response = fields({ count: { type: 'int64', doc: 'All of them so far' } });
const table = { table: 'counter' };

export const create = (ctx: PluginContext<typeof config, typeof needs>): ServiceInstance => {
  const { records } = ctx.needs;
  let last: Promise<unknown> = Promise.resolve();
  const add = async (name: string, by: bigint): Promise<bigint> => {
    const count = (await read(records, name)) + by;
    await records.write({ key: name, value: Buffer.from(String(count)) }, table);
    return count;
  };
  return {
    handlers: [
      unary({
        endpoint: 'Counter.Add',
        request,
        response,
        handle: async ({ name, by }, { account }) => {
          // Everybody may read; without a rule that says otherwise everybody would write, too.
          if (account === undefined) throw unauthorized('counter.Counter.Add', 'an account is needed');
          if (!name) throw badRequest('counter.Counter.Add', 'name is missing');
          const turn = last.then(() => add(name, by || ctx.config.step));
          // The next call waits for this one, whatever becomes of it.
          last = turn.catch(() => undefined);
          return { count: await turn };
        },
      }),
      unary({
        endpoint: 'Counter.Read',
        request: { name: request.name },
        response,
        handle: async ({ name }) => ({ count: await read(records, name ?? '') }),
      }),
    ],
  };
};

const read = async (records: Store, name: string): Promise<bigint> => {
  const record = await records.read(name, table);
  return record === undefined ? 0n : BigInt(Buffer.from(record.value).toString());
};
