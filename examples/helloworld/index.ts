/** The smallest service that shows every kind of method: one answer, a stream of answers, a conversation. */

import { service } from 'micro';

await service({
  name: 'helloworld',
  handlers: {
    Helloworld: {
      call(req: { name: string }, ctx) {
        ctx.log.info('greeting', { name: req.name });
        return { msg: `Hello ${req.name}` };
      },

      async *stream(req: { count: bigint }) {
        for (let count = 0n; count < req.count; count += 1n) yield { count };
      },

      async *pingPong(pings: AsyncIterable<{ stroke: bigint }>) {
        for await (const { stroke } of pings) yield { stroke };
      },
    },
  },
}).run();
