/** A listener and accounts that end: every kind of call is cut in every state it can be in, nobody else's is, and handlers learn of it. */

import assert from 'node:assert/strict';

import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { openSession } from '../../test/conformance/raw-grpc.ts';
import { type HeldCall, holdGrpc } from '../../test/support/open-calls.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { openTellingAuth, type TellingAuth } from '../../test/support/telling-auth.ts';
import { serve } from './serve.ts';

const test = suite('serve: accounts that end');

interface Setup {
  readonly auth: TellingAuth;
  readonly seen: ReturnType<typeof exampleHandlers>['seen'];
  call(endpoint: string, id: string, text?: string): HeldCall;
}

const run = async (body: (setup: Setup) => Promise<void>): Promise<void> => {
  const auth = openTellingAuth();
  const { handlers, seen } = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: 'micro', handlers }],
    address: '127.0.0.1:0',
    registry: { register: async () => undefined, deregister: async () => undefined },
    auth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const session = openSession(served.address);
  try {
    await body({
      auth,
      seen,
      call: (endpoint, id, text = 'x') =>
        holdGrpc(session, { service: 'example', endpoint, token: auth.tokenOf(id), request: { text } }),
    });
  } finally {
    session.destroy();
    await served.stop(AbortSignal.timeout(1_000));
  }
  assert.equal(auth.listening, 0, 'it listens no more');
};

const isCut = async (call: HeldCall): Promise<void> => {
  await poll('the end of the call', () => call.end() !== undefined);
  assert.equal(`${call.end()?.code} ${call.end()?.reason}`, '401 ended_account', call.end()?.text);
};

for (const { endpoint, begun } of [
  { endpoint: 'Example.Wait', begun: (_: HeldCall, { seen }: Setup) => seen.waiting === 2 },
  { endpoint: 'Example.Chat', begun: (call: HeldCall) => call.received() > 0 },
  { endpoint: 'Example.Join', begun: () => true },
])
  for (const end of ['end', 'endUnsaid'] as const)
    test(`${endpoint} is cut when its account ends, that of another goes on (${end})`, () =>
      run(async (setup) => {
        const { auth, call, seen } = setup;
        const [mine, other] = [call(endpoint, 'jane'), call(endpoint, 'joe')];
        await poll('both calls', () => begun(mine, setup) && begun(other, setup));
        // The listener has seen both by then, whatever their handlers do.
        const probe = call('Example.Echo', 'joe');
        await poll('an answer', () => probe.end() !== undefined);
        auth[end]('jane');
        await isCut(mine);
        assert.equal(other.end(), undefined);
        if (endpoint === 'Example.Wait') assert.equal(seen.aborted.length, 1);
        if (endpoint !== 'Example.Chat') return;
        const before = other.received();
        other.send({ text: 'more' });
        await poll('more', () => other.received() > before);
      }));

test('a stream in full flow is cut', () =>
  run(async ({ auth, call, seen }) => {
    const mine = call('Example.Count', 'jane', '1000000');
    await poll('the first message', () => mine.received() > 0);
    auth.end('jane');
    await isCut(mine);
    await poll('the end of the handler', () => seen.finished === 1);
  }));

for (const end of ['end', 'endUnsaid'] as const)
  test(`a call is not let in by an answer from before the end (${end})`, () =>
    run(async ({ auth, call, seen }) => {
      const release = auth.hold();
      const [mine, other] = [call('Example.Wait', 'jane'), call('Example.Wait', 'joe')];
      await poll('both questions', () => auth.waiting === 2);
      auth[end]('jane');
      release();
      await isCut(mine);
      await poll('the other call', () => seen.waiting >= 1);
      assert.equal(other.end(), undefined);
    }));

test('a call that has been answered is left alone', () =>
  run(async ({ auth, call }) => {
    const mine = call('Example.Echo', 'jane');
    await poll('the answer', () => mine.end() !== undefined);
    auth.end('jane');
    assert.equal(mine.end()?.text, 'ok');
  }));

test.run();
