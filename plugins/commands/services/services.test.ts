/** `micro services` against a fake registry. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { createOutput } from '../../../internal/cli/output.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Registry, Service } from '../../../internal/contract/registry.ts';
import { pluginContext } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

import { type config, type needs, plugin } from './plugin.ts';
import { run } from './services.ts';

const service = (name: string, version: string): Service => ({
  name,
  version,
  metadata: { domain: 'mine' },
  endpoints: [{ name: 'A.B', request: undefined, response: undefined, metadata: {} }],
  nodes: [{ id: `${name}-1`, address: '127.0.0.1:1', metadata: {} }],
});

const now = Date.parse('2030-01-01T00:00:00Z');

const micro = async (services: readonly Service[], o: { format?: Output['format']; nodes?: boolean } = {}) => {
  const { format = 'text', nodes } = o;
  let domain: string | undefined;
  const registry = {
    list: async (o?: { domain?: string }) => {
      domain = o?.domain;
      return services;
    },
  } as Partial<Registry> as Registry;
  const ctx = pluginContext<typeof config, typeof needs>(plugin, {
    config: { config_file: join(tmpdir(), 'micro-test-no-such-config.json'), namespace: 'mine' },
    needs: { registry },
    dataDir: tmpdir(),
    signal: new AbortController().signal,
    now: () => now,
  });
  const sink = new PassThrough();
  const out = createOutput({ stdin: new PassThrough(), stdout: sink, stderr: new PassThrough(), format });
  await run({ args: [], flags: { nodes }, given: new Set(), rest: [], raw: [], out }, ctx);
  return { stdout: String(sink.read() ?? ''), domain };
};

const test = suite('micro services');

test('prints names sorted, one line per version, of the namespace of the environment', async () => {
  const { stdout, domain } = await micro([service('b', '1'), service('a', '1'), service('b', '2')]);
  assert.equal(stdout, 'a\nb\nb\n');
  assert.equal(domain, 'mine');
});

test('prints nothing when there is nothing', async () => {
  assert.equal((await micro([])).stdout, '');
});

test('gives versions, nodes and endpoint names as JSON', async () => {
  const { stdout } = await micro([service('a', '1'), service('a', '2')], { format: 'json' });
  const [only, ...others] = JSON.parse(stdout);
  assert.deepEqual(others, []);
  assert.equal(only.name, 'a');
  assert.deepEqual(only.versions[1], {
    version: '2',
    metadata: { domain: 'mine' },
    nodes: [{ id: 'a-1', address: '127.0.0.1:1', metadata: {} }],
    endpoints: ['A.B'],
  });
});

test('shows each node of each version on a row of its own', async () => {
  const nodes: Service['nodes'] = [
    {
      id: 'a-1',
      address: '127.0.0.1:1',
      metadata: { domain: 'mine', server: 'grpc', zone: 'x\ty' },
      registeredAt: now - 65_000,
    },
    { id: 'a-2', address: '[::1]:2', metadata: {} },
  ];
  const { stdout } = await micro(
    [
      { ...service('b', '2'), nodes: [] },
      { ...service('a', 'v1'), nodes },
    ],
    { nodes: true },
  );
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\t+/));
  assert.deepEqual(rows, [
    ['NAME', 'VERSION', 'ADDRESS', 'REGISTERED', 'NODE', 'METADATA'],
    ['a', 'v1', '127.0.0.1:1', '1m5s ago', 'a-1', 'server=grpc, zone=x y'],
    ['a', 'v1', '[::1]:2', 'unknown', 'a-2', 'n/a'],
    ['b', '2', 'n/a', 'unknown', 'n/a', 'n/a'],
  ]);
});

test('says in JSON since when a node is registered', async () => {
  const nodes = [{ id: 'a-1', address: '127.0.0.1:1', metadata: {}, registeredAt: now - 5_000 }];
  const { stdout } = await micro([{ ...service('a', '1'), nodes }], { format: 'json', nodes: true });
  assert.equal(JSON.parse(stdout)[0].versions[0].nodes[0].registered, '2029-12-31T23:59:55Z');
});

test.run();
