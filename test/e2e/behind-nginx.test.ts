/** Debian's nginx in front of the proxy (`grpc_pass`), as many will run it: it acknowledges our SETTINGS and goes on with its own HPACK table. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { frame, openSession, rawCall } from '../conformance/raw-grpc.ts';
import { issueCertificate, writeCertificate } from '../support/issue-certificate.ts';
import { findNginx, startNginx } from '../support/nginx.ts';
import { startServer } from '../support/server.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('behind nginx');

/** Enough on each connection that nginx keeps to us for the proxy to have asked for blocks without a table. */
const calls = 200;

if (findNginx() === undefined) console.log('SKIP the proxy behind nginx: this machine has no nginx');
else {
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

  test('the command line comes through nginx with TLS and client certificates', async () => {
    const folder = tempFolder();
    const authority = await issueCertificate('authority', { authority: true });
    const own = writeCertificate(folder, 'nginx', await issueCertificate('nginx', { by: authority }));
    const client = writeCertificate(folder, 'client', await issueCertificate('client', { by: authority }));
    const { cert: ca } = writeCertificate(folder, 'authority', authority);
    const server = await startServer();
    const nginx = await startNginx(server.proxyAddress, { ...own, clientCa: ca });
    const micro = (...args: readonly string[]) => server.micro(args, { env: { MICRO_PROXY: undefined } });
    try {
      const add = ['env', 'add', 'gate', `https://${nginx.address}`, '--ca', ca];
      await micro(...add);
      const refused = await micro('env', 'check', 'gate');
      assert.is(refused.code, 2);
      assert.match(
        refused.stderr,
        /a gateway there refused the call with HTTP status 400\nit may ask for a client certificate: micro env add gate .* --cert FILE --key FILE/,
      );
      await micro(...add, '--cert', client.cert, '--key', client.key);
      const login = await micro('-e', 'gate', 'login', '--username=admin', '--password=micro');
      assert.is(login.code, 0, login.stderr);
      assert.match((await micro('-e', 'gate', 'services')).stdout, /^registry$/m);
    } finally {
      await nginx.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
