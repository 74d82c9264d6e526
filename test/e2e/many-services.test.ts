/** A registry of 10,000 endpoints and 1,000 nodes through the front door: everything is there, found and printed to the last line. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { openAdminCaller } from '../support/rpc.ts';
import { startServer } from '../support/server.ts';
import { tempFolder } from '../support/service-folder.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: many services');
const count = 1_000;
const atOnce = 50;

const tree = (name: string) => ({ name, type: name, values: [{ name: 'id', type: 'string' }] });
const endpoints = Array.from({ length: 10 }, (_, i) => ({
  name: `Type.Method${i}`,
  request: tree('Request'),
  response: tree('Response'),
}));

test(
  '10,000 endpoints and 1,000 nodes are registered, looked up and listed',
  async () => {
    const home = tempFolder();
    const server = await startServer({ home });
    const admin = await openAdminCaller(server.proxyAddress);
    const register = (name: string, id: string): Promise<unknown> =>
      admin.call('registry', 'Registry.Register', {
        name,
        version: 'v1',
        endpoints,
        nodes: [{ id, address: '127.0.0.1:1' }],
        options: { ttl: 90 },
      });
    try {
      for (let from = 0; from < count; from += atOnce)
        await Promise.all(
          Array.from({ length: atOnce }, async (_, i) => {
            await register(`s${from + i}`, 'only');
            await register('many', `node-${from + i}`);
          }),
        );
      const { services } = (await admin.call('registry', 'Registry.GetService', { service: 'many' })) as {
        services: { nodes: unknown[]; endpoints: unknown[] }[];
      };
      assert.equal([services.length, services[0]?.nodes.length, services[0]?.endpoints.length], [1, count, 10]);

      const names = (await ok(server, ['services'])).split('\n').filter((name) => /^s\d+$/.test(name));
      assert.is(new Set(names).size, count);
      const json = JSON.parse(await ok(server, ['--output', 'json', 'services'])) as {
        name: string;
        versions: { nodes: unknown[]; endpoints: unknown[] }[];
      }[];
      assert.is(
        json.filter(({ name }) => /^s\d+$/.test(name)).flatMap((s) => s.versions[0]?.endpoints ?? []).length,
        10 * count,
      );
      const rows = (await ok(server, ['services', '--nodes'])).match(/^many\s+v1\s+127\.0\.0\.1:1\s/gm);
      assert.is(rows?.length, count);
      assert.is((await ok(server, ['get', 'service', 'many'])).match(/^node-\d+\t/gm)?.length, count);
    } finally {
      await admin.close();
      await server.stop();
    }
    rmSync(home, { recursive: true, force: true });
  },
  { limitMs: 60_000 },
);

test.run();
