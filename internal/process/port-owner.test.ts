/** Whose port it is: ours, nobody's. */

import { type AddressInfo, createServer } from 'node:net';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { portOwner } from './port-owner.ts';

const test = suite('port owner');

for (const host of ['127.0.0.1', '::1'])
  test(`names the process that listens on ${host}`, async () => {
    if (process.platform !== 'linux') return;
    const server = createServer();
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(0, host, () => resolve(true));
    });
    // A machine may have no IPv6 at all.
    if (!listening) return;
    const { port } = server.address() as AddressInfo;
    const owner = portOwner(port);
    await new Promise((resolve) => server.close(resolve));
    assert.is(owner?.pid, process.pid);
    assert.match(owner?.command ?? '', /port-owner\.test\.ts/);
    assert.is(portOwner(port), undefined);
  });

test.run();
