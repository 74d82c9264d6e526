/** Debian's nginx in front of the proxy (`grpc_pass`), as many will run it: it acknowledges our SETTINGS and goes on with its own HPACK table. */

import * as assert from 'uvu/assert';

import { frame, openSession, rawCall } from '../conformance/raw-grpc.ts';
import { findNginx, startNginx } from '../support/nginx.ts';
import { startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';

const test = suite('behind nginx');

/** Enough on each connection that nginx keeps to us for the proxy to have asked for blocks without a table. */
const calls = 200;

if (findNginx() === undefined) console.log('SKIP the proxy behind nginx: this machine has no nginx');
else
  test('every call of many on kept connections is answered', async () => {
    const server = await startServer();
    const nginx = await startNginx(server.proxyAddress);
    const session = openSession(nginx.address);
    try {
      const statuses = new Map<number | undefined, number>();
      for (let n = 0; n < calls; n += 1) {
        const { status } = await rawCall(session, { path: '/proxy.Debug/Health', body: frame('') });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      assert.equal([...statuses], [[0, calls]]);
    } finally {
      session.destroy();
      await nginx.stop();
      await server.stop();
    }
  });

test.run();
