/** The proxy and accounts that end: it cuts their calls itself, also those to services that know nothing of accounts. */

import assert from 'node:assert/strict';

import type { Picked, Router } from '../../../internal/contract/router.ts';
import { serve } from '../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../test/conformance/example-handlers.ts';
import { openAuth, openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import { openSession } from '../../../test/conformance/raw-grpc.ts';
import { type HeldCall, holdGrpc } from '../../../test/support/open-calls.ts';
import { poll } from '../../../test/support/poll.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { openTellingAuth, type TellingAuth } from '../../../test/support/telling-auth.ts';

const test = suite('proxy: accounts that end');

interface Setup {
  readonly auth: TellingAuth;
  readonly seen: ReturnType<typeof exampleHandlers>['seen'];
  call(endpoint: string, id: string, text?: string): HeldCall;
}

/** The same router, and how many of its picks are not done. */
const counting = (router: Router) => {
  let undone = 0;
  const count = (picked: Picked): Picked => {
    undone += 1;
    const done: Picked['done'] = (outcome) => {
      undone -= 1;
      picked.done(outcome);
    };
    return { ...picked, done };
  };
  const counted: Router = {
    ...router,
    pick: (service, o) => {
      const picked = router.pick(service, o);
      return picked && count(picked);
    },
    find: async (service, o) => count(await router.find(service, o)),
  };
  return { counted, undone: () => undone };
};

const run = async (body: (setup: Setup) => Promise<void>): Promise<void> => {
  const auth = openTellingAuth();
  const base = await openRegistryRouter();
  const { handlers, seen } = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: 'micro', handlers }],
    address: '127.0.0.1:0',
    registry: base.driver.registry,
    // The service takes everybody for nobody: what is cut, the proxy cuts.
    auth: openAuth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const { counted: router, undone } = counting(base.driver.router);
  const proxy = await openProxy({ ...base.driver, router }, auth);
  const session = openSession(proxy.address);
  try {
    await body({
      auth,
      seen,
      call: (endpoint, id, text = 'x') =>
        holdGrpc(session, { service: 'example', endpoint, token: auth.tokenOf(id), request: { text } }),
    });
  } finally {
    session.destroy();
    await proxy.stop();
    await served.stop(AbortSignal.timeout(1_000));
    await base.close();
  }
  assert.equal(auth.listening, 0, 'it listens no more');
  assert.equal(undone(), 0, 'no pick is left over');
};

const isCut = async (call: HeldCall): Promise<void> => {
  await poll('the end of the call', () => call.end() !== undefined);
  const { code, reason, text = '' } = call.end() ?? {};
  assert.equal(`${code} ${reason}`, '401 ended_account', text);
  assert.match(text, /Unauthorized call made to example:Example\./);
};

for (const end of ['end', 'endUnsaid'] as const) {
  test(`an answer that is waited for is cut, and the service is told (${end})`, () =>
    run(async ({ auth, call, seen }) => {
      const [mine, other] = [call('Example.Wait', 'jane'), call('Example.Wait', 'joe')];
      await poll('both calls', () => seen.waiting === 2);
      auth[end]('jane');
      await isCut(mine);
      await poll('the service to be told', () => seen.aborted.length === 1);
      assert.equal(other.end(), undefined);
    }));

  test(`a conversation is cut behind what was said, that of another goes on (${end})`, () =>
    run(async ({ auth, call }) => {
      const [mine, other] = [call('Example.Chat', 'jane'), call('Example.Chat', 'joe')];
      await poll('both calls', () => mine.received() === 1 && other.received() === 1);
      auth[end]('jane');
      await isCut(mine);
      other.send({ text: 'more' });
      await poll('more', () => other.received() === 2);
    }));

  test(`a call is not sent on by an answer from before the end (${end})`, () =>
    run(async ({ auth, call, seen }) => {
      const first = call('Example.Echo', 'joe');
      await poll('the nodes to be known', () => first.end() !== undefined);
      const release = auth.hold();
      const [mine, other] = [call('Example.Wait', 'jane'), call('Example.Wait', 'joe')];
      await poll('both questions', () => auth.waiting === 2);
      auth[end]('jane');
      release();
      await isCut(mine);
      const probe = call('Example.Echo', 'joe');
      await poll('an answer', () => probe.end() !== undefined && seen.waiting > 0);
      assert.equal(seen.waiting, 1);
      assert.equal(other.end(), undefined);
    }));
}

test.run();
