/** A restart of the server loses nobody: a service of its own process is callable at once, before it registers again; a child that died with the server is not. */

import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { poll } from '../support/poll.ts';
import { startOutside } from '../support/outside-service.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: registry over a restart');
const nodesOf = async (server: Server, name: string): Promise<readonly string[]> => {
  const { code, stdout } = await server.micro(['--output', 'json', 'get', 'service', name]);
  if (code !== 0) return [];
  return (JSON.parse(stdout) as { nodes: { id: string }[] }[]).flatMap(({ nodes }) => nodes.map(({ id }) => id));
};

test(
  'who registered from outside is callable at once, also after kill -9',
  async () => {
    const sources = tempFolder();
    const home = tempFolder();
    let server = await startServer({ home });
    let outside: ChildProcess | undefined;
    try {
      const folder = writeService(sources, 'outside', oneMethodService('outside', 'return { msg: "here" };'));
      outside = await startOutside(server, 'outside', folder);
      await poll('the outside service', async () => (await nodesOf(server, 'outside')).length === 1, 20_000);
      await server.stop();
      server = await server.restart();
      // The very first call: the service registers again only after half a minute.
      assert.match(await ok(server, ['outside', '--name=x']), /here/);

      await ok(server, ['run', copyExample(sources, 'helloworld')]);
      await untilStatus(server, 'helloworld', /running/);
      const [child] = await nodesOf(server, 'helloworld');
      await server.kill9();
      server = await server.restart();
      assert.match(await ok(server, ['outside', '--name=x']), /here/);
      const isNew = (nodes: readonly string[]): boolean => nodes.length === 1 && nodes[0] !== child;
      await poll('the new node of the child alone', async () => isNew(await nodesOf(server, 'helloworld')), 30_000);
      assert.match(await ok(server, ['helloworld', '--name=Again']), /Hello Again/);
    } finally {
      outside?.kill('SIGKILL');
      await server.stop();
    }
    for (const one of [sources, home]) rmSync(one, { recursive: true, force: true });
  },
  { limitMs: 120_000 },
);

test.run();
