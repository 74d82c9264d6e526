/** Joining functions with proto methods: names, kinds, and what a handler's failure becomes. */

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';

import { badRequest } from '../internal/contract/error.ts';
import type { CallContext, Codec, Handler, MethodKind } from '../internal/contract/handler.ts';
import type { Logger } from '../internal/contract/logger.ts';
import { silentLog } from '../test/support/start-driver.ts';
import { suite } from '../test/support/suite.ts';
import { bindHandlers, type MethodShape, type ServiceHandlers, type ServiceShape } from './bind-handlers.ts';
import type { Context } from './context.ts';

const test = suite('sdk/bind-handlers');

const codec: Codec = {
  decode: () => ({}),
  encode: () => new Uint8Array(),
  fromJson: (t) => JSON.parse(t),
  toJson: (v) => JSON.stringify(v),
};
const shapeOf = (name: string, kind: MethodKind): MethodShape => ({
  name,
  kind,
  request: codec,
  response: codec,
  describe: () => {
    const message = { name: 'Message', type: 'Message', values: [{ name: 'msg', type: 'string', values: [] }] };
    return { request: message, response: message };
  },
});
const greeter: ServiceShape = {
  fullName: 'a.Greeter',
  name: 'Greeter',
  methods: [
    shapeOf('Call', 'unary'),
    shapeOf('Count', 'server-stream'),
    shapeOf('Sum', 'client-stream'),
    shapeOf('PingPong', 'bidi'),
  ],
};
const call: CallContext = {
  service: 'greeter',
  endpoint: 'Greeter.Call',
  namespace: 'micro',
  account: undefined,
  metadata: {},
  signal: new AbortController().signal,
  remote: '',
};

const bind = (
  handlers: ServiceHandlers,
  o: { services?: readonly ServiceShape[]; log?: Logger } = {},
): readonly Handler[] =>
  bindHandlers({
    services: o.services ?? [greeter],
    handlers,
    source: 'greeter.proto',
    serviceName: 'greeter',
    log: o.log ?? silentLog,
    contextOf: (c) => c as unknown as Context,
  });

const full = {
  call: (req: unknown) => req,
  *count() {
    yield { msg: '1' };
    yield { msg: '2' };
  },
  async sum(all: AsyncIterable<{ msg: string }>) {
    let msg = '';
    for await (const one of all) msg += one.msg;
    return { msg };
  },
  async *pingPong(all: AsyncIterable<object>) {
    yield* all;
  },
};

async function* messages(...texts: readonly string[]): AsyncGenerator<{ msg: string }> {
  for (const msg of texts) yield { msg };
}

const gather = async <T>(all: AsyncIterable<T>): Promise<T[]> => {
  const got: T[] = [];
  for await (const one of all) got.push(one);
  return got;
};

const handle = async (handlers: readonly Handler[], endpoint: string, input: unknown): Promise<unknown> => {
  const handler = handlers.find((h) => h.endpoint === endpoint)!;
  const answer = handler.handle(input as never, call);
  return answer instanceof Promise ? answer : gather(answer);
};

test('all four kinds answer, whatever the case of their first letter', async () => {
  const { call: first, ...others } = full;
  for (const handlers of [full, { ...others, Call: first }]) {
    const bound = bind({ Greeter: handlers });
    assert.equal(await handle(bound, 'Greeter.Call', { msg: 'a' }), { msg: 'a' });
    assert.equal(await handle(bound, 'Greeter.Count', {}), [{ msg: '1' }, { msg: '2' }]);
    assert.equal(await handle(bound, 'Greeter.Sum', messages('a', 'b')), { msg: 'ab' });
    assert.equal(await handle(bound, 'Greeter.PingPong', messages('a', 'b')), [{ msg: 'a' }, { msg: 'b' }]);
  }
});

test('an instance of a class may have more than its methods, and keeps its this', async () => {
  class Greeter {
    prefix = 'Hi ';
    call(req: { msg: string }): object {
      return { msg: this.prefix + req.msg };
    }
    count = full.count;
    sum = full.sum;
    pingPong = full.pingPong;
    helper(): void {}
  }
  assert.equal(await handle(bind({ Greeter: new Greeter() }), 'Greeter.Call', { msg: 'a' }), { msg: 'Hi a' });
});

for (const c of [
  { name: 'no handlers', handlers: {}, want: 'handlers is empty; greeter.proto has Greeter' },
  {
    name: 'a service that is in no proto',
    handlers: { Greter: full },
    want: 'handlers.Greter: no service Greter in greeter.proto, which has Greeter',
  },
  {
    name: 'a method that is in no proto',
    handlers: { Greeter: { ...full, stream: () => ({}) } },
    want: 'handlers.Greeter.stream: service Greeter in greeter.proto has no such method, it has Call, Count, Sum, PingPong',
  },
  {
    name: 'a method without a handler',
    handlers: { Greeter: { call: full.call, count: full.count, sum: full.sum } },
    want: 'greeter.proto: method PingPong of service Greeter has no handler: add handlers.Greeter.pingPong',
  },
  {
    name: 'a handler that is no function',
    handlers: { Greeter: { ...full, sum: 5 } },
    want: 'handlers.Greeter.sum is not a function',
  },
])
  test(`refuses ${c.name}`, () => {
    assert.throws(
      () => bind(c.handlers as ServiceHandlers),
      (e: Error) => e.message === c.want || assert.is(e.message, c.want),
    );
  });

test('two packages with one service name must be named in full', () => {
  const services = [greeter, { ...greeter, fullName: 'b.Greeter' }];
  assert.throws(() => bind({ Greeter: full }, { services }), /a\.Greeter, b\.Greeter; name one of them in full/);
  assert.is(bind({ 'b.Greeter': full }, { services }).length, 4);
});

const rejection = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (e) {
    return e;
  }
  throw new Error('did not fail');
};

for (const c of [
  {
    name: 'a micro error goes out as it is',
    thrown: badRequest('greeter.call', 'name missing'),
    want: { id: 'greeter.call', code: 400, detail: 'name missing', status: 'Bad Request' },
  },
  {
    name: 'any other error becomes 500 with the service name as id',
    thrown: new TypeError('oops'),
    want: { id: 'greeter', code: 500, detail: 'oops', status: 'Internal Server Error' },
  },
  {
    name: 'so does what is no error at all',
    thrown: 'text',
    want: { id: 'greeter', code: 500, detail: 'text', status: 'Internal Server Error' },
  },
])
  test(`${c.name}`, async () => {
    const fail = (): never => {
      throw c.thrown;
    };
    const bound = bind({ Greeter: { ...full, call: fail, count: fail } });
    for (const endpoint of ['Greeter.Call', 'Greeter.Count']) {
      const e = (await rejection(handle(bound, endpoint, {}))) as { toJSON(): unknown };
      assert.equal(JSON.parse(JSON.stringify(e)), c.want);
    }
  });

test('a handler that stops because its call is over is no failure', async () => {
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => lines.push(message) } as Logger;
  const over = badRequest('greeter', 'the caller has left');
  const left: CallContext = { ...call, signal: AbortSignal.abort(over) };
  for (const wait of [
    () => sleep(1_000, undefined, { signal: left.signal }),
    async () => left.signal.throwIfAborted(),
    () => fetch('http://127.0.0.1:1', { signal: left.signal }),
  ]) {
    const [handler] = bind({ Greeter: { ...full, call: wait } }, { log });
    assert.is(await rejection(handler!.handle({} as never, left) as Promise<unknown>), over);
  }
  assert.equal(lines, []);
});

test('the stack of an unexpected error goes to the log, with the endpoint', async () => {
  const lines: [string, unknown][] = [];
  const log = { ...silentLog, error: (message: string, fields: unknown) => lines.push([message, fields]) } as Logger;
  const boom = (): never => {
    throw new RangeError('deep');
  };
  await rejection(handle(bind({ Greeter: { ...full, call: boom } }, { log }), 'Greeter.Call', {}));
  assert.match(lines[0]![0], /RangeError: deep\n +at .*bind-handlers\.test\.ts:\d+/);
  assert.equal(lines[0]![1], { endpoint: 'Greeter.Call' });
});

for (const c of [
  {
    name: 'yields where one response is wanted',
    methods: { call: full.count },
    endpoint: 'Greeter.Call',
    want: /not a server stream/,
  },
  {
    name: 'returns where a stream is wanted',
    methods: { count: full.call },
    endpoint: 'Greeter.Count',
    want: /write it as async \*count/,
  },
  {
    name: 'answers a field that the message does not have',
    methods: { call: () => ({ message: 'hi' }) },
    endpoint: 'Greeter.Call',
    want: /Greeter\.Call answered field message, but Message has msg/,
  },
  {
    name: 'returns text',
    methods: { call: () => 'hi' },
    endpoint: 'Greeter.Call',
    want: /must return an object, not string/,
  },
])
  test(`a handler that ${c.name} is told so`, async () => {
    const e = await rejection(handle(bind({ Greeter: { ...full, ...c.methods } }), c.endpoint, {}));
    assert.match((e as Error).message, c.want);
  });

test.run();
