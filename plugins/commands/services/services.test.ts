/** `micro services` against a fake registry. */

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

const micro = async (services: readonly Service[], format: Output['format'] = 'text') => {
  let stdout = '';
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
  });
  const out = {
    format,
    line: (text: string) => (stdout += `${text}\n`),
    json: (value: unknown) => (stdout += JSON.stringify(value)),
  } as Partial<Output> as Output;
  await run({ args: [], flags: {}, given: new Set(), rest: [], raw: [], out }, ctx);
  return { stdout, domain };
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
  const { stdout } = await micro([service('a', '1'), service('a', '2')], 'json');
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

test.run();
