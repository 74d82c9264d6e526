/** From where a caller comes, as the auth service behind the proxy learns it: by the proxy's word, or that of a gateway on this machine, whose seal tells. */

import assert from 'node:assert/strict';

import { vouchedHeader } from '../../../internal/auth/vouched-caller.ts';
import type { Auth } from '../../../internal/contract/auth.ts';
import { serve } from '../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../test/conformance/example-handlers.ts';
import { openAuth, openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import { frame, openSession, rawCall } from '../../../test/conformance/raw-grpc.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('proxy: vouched caller');

const auth: Pick<Auth, 'inspect' | 'rules' | 'vouch'> = { ...openAuth, vouch: (remote) => `sealed ${remote}` };

for (const { name, namespace, header, vouched } of [
  { name: 'auth', namespace: 'micro', header: {}, vouched: true },
  { name: 'auth', namespace: 'micro', header: { [vouchedHeader]: 'said before' }, vouched: 'said before' },
  { name: 'auth', namespace: 'foo', header: { [vouchedHeader]: 'sealed 203.0.113.5:1' }, vouched: false },
  { name: 'example', namespace: 'micro', header: { [vouchedHeader]: 'sealed 203.0.113.5:1' }, vouched: false },
])
  test(`${name} of ${namespace} with ${JSON.stringify(header)} is ${vouched ? '' : 'not '}told`, async () => {
    const base = await openRegistryRouter();
    const { handlers, seen } = exampleHandlers();
    const served = await serve({
      services: [{ name, namespace, handlers }],
      address: '127.0.0.1:0',
      registry: base.driver.registry,
      auth,
      log: silentLog,
      signal: new AbortController().signal,
    });
    const proxy = await openProxy(base.driver, auth);
    const session = openSession(proxy.address);
    const headers = { ...header, 'micro-namespace': namespace };
    // The second call comes with a head that the proxy has seen.
    for (const _ of [1, 2]) {
      const answer = await rawCall(session, {
        path: `/${name}.Example/Context`,
        headers,
        body: frame('x'),
        open: true,
      });
      assert.equal(answer.status, 0);
      const own = `sealed 127.0.0.1:${session.socket?.localPort}`;
      const expected = vouched === true ? own : vouched || undefined;
      assert.equal(seen.context?.metadata[vouchedHeader], expected);
    }
    session.destroy();
    await proxy.stop();
    await served.stop();
    await base.close();
  });

test.run();
