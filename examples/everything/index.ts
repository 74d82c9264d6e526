/** Every type a proto field can have, echoed: what the dynamic commands and the HTTP API are tried against. */

import { microError, service } from 'micro';

await service({
  name: 'everything',
  handlers: {
    Everything: {
      echo: (req: object) => req,

      async *repeat(req: { times: number; fields: object }) {
        for (let i = 0; i < req.times; i += 1) yield req.fields;
      },

      async sum(numbers: AsyncIterable<{ value: bigint }>) {
        let value = 0n;
        let count = 0;
        for await (const number of numbers) {
          value += number.value;
          count += 1;
        }
        return { value, count };
      },

      fail(req: { code: number; detail: string }) {
        if (req.code === 0) throw new TypeError(req.detail);
        throw microError(req.code, 'everything.fail', req.detail);
      },
    },
  },
}).run();
