/** The page of `micro get service`. */

import assert from 'node:assert/strict';

import type { Service } from '../../../internal/contract/registry.ts';
import { suite } from '../../../test/support/suite.ts';

import { describeService } from './describe-service.ts';

const value = (name: string, type: string, values: Service['endpoints'][number]['request'][] = []) => ({
  name,
  type,
  values: values.filter((v) => v !== undefined),
});

const helloworld: Service = {
  name: 'helloworld',
  version: 'latest',
  metadata: { domain: 'micro' },
  endpoints: [
    {
      name: 'Helloworld.Call',
      request: value('CallRequest', 'CallRequest', [value('name', 'string')]),
      response: value('CallResponse', 'CallResponse', [value('msg', 'string')]),
      metadata: { stream: 'true' },
    },
  ],
  nodes: [{ id: 'helloworld-1', address: '127.0.0.1:34321', metadata: { server: 'grpc', protocol: 'grpc' } }],
};

const test = suite('describeService');

test('prints one version as v3 does', () => {
  assert.equal(
    `${describeService([helloworld])}\n`,
    `service  helloworld

version latest

ID\tAddress\tMetadata
helloworld-1\t127.0.0.1:34321\tprotocol=grpc,server=grpc

Endpoint: Helloworld.Call

Metadata: stream=true

Request: {
\tname string
}

Response: {
\tmsg string
}

`,
  );
});

test('prints several versions with their nodes, and the endpoints of the first', () => {
  const other = { ...helloworld, version: '', nodes: [...helloworld.nodes, ...helloworld.nodes], endpoints: [] };
  const text = describeService([{ ...helloworld, endpoints: [] }, { ...other, version: '2' }, other]);
  assert.equal(text.match(/^ID\tAddress\tMetadata$/gm)?.length, 3);
  assert.equal(text.match(/^helloworld-1\t/gm)?.length, 5);
  assert.deepEqual(text.match(/^version .*$/gm), ['version latest', 'version 2']);
});

test('nests messages and prints {} for one without fields', () => {
  const request = value('R', 'R', [value('options', 'Options', [value('ttl', 'int64')]), value('tags', '[]string')]);
  const endpoints = [{ name: 'A.B', request, response: value('E', 'E'), metadata: {} }];
  assert.match(
    describeService([{ ...helloworld, endpoints }]),
    /Endpoint: A\.B\n\nRequest: \{\n\toptions Options \{\n\t\tttl int64\n\t\}\n\ttags \[\]string\n\}\n\nResponse: \{\}\n$/,
  );
});

test('lets nothing registered steer the terminal', () => {
  const nodes = [{ id: 'x\u001b[2J', address: 'a:1', metadata: {} }];
  assert.ok(!describeService([{ ...helloworld, nodes }]).includes('\u001b'));
});

test.run();
