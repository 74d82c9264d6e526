/** The table of what core endpoints need names each endpoint that there is, none that there is not, and fields that the requests have. */

import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type Access, type CoreService, coreAccess } from '../../internal/auth/core-access.ts';
import type { ValueTree } from '../../internal/contract/handler.ts';
import { defineApi } from '../../internal/schema/api.ts';
import type { ApiData } from '../../internal/schema/schema-data.ts';
import { plugins } from '../../plugins/index.gen.ts';
import { suite } from '../support/suite.ts';
import { root } from '../tidy/source-files.ts';

const test = suite('core access');

/** What the standard services of services/grpc are described by; that plugin states no protos, since it owns none. */
const standardProtos = ['health/health.proto', 'reflection/reflection.proto'];

const services = plugins
  .filter((p) => p.kind === 'service')
  .map(({ id, protos }) => ({ name: id.split('/')[1] as CoreService, protos }));

const apisOf = (protos: readonly string[]) =>
  Promise.all(
    protos.map(async (file) => {
      const { data } = (await import(join(root, 'proto/gen', `${file.split('/')[0]}.gen.ts`))) as { data: ApiData };
      return defineApi(data);
    }),
  );

test('it has every core service', () =>
  assert.equal(Object.keys(coreAccess).sort(), services.map((s) => s.name).sort()));

for (const { name, protos } of services)
  test(`it has every endpoint of ${name}, and no other`, async () => {
    const apis = await apisOf(name === 'grpc' ? standardProtos : protos);
    const endpoints = apis.flatMap((api) => api.endpoints);
    assert.equal(Object.keys(coreAccess[name]).sort(), endpoints.sort());
  });

for (const { name, protos } of services)
  test(`requests of ${name} have the fields that name a namespace`, async () => {
    for (const api of await apisOf(protos))
      for (const endpoint of api.endpoints) {
        const { field }: Access = (coreAccess[name] as Readonly<Record<string, Access>>)[endpoint] as Access;
        if (field !== undefined) assert.is(typeAt(api.method(endpoint).describe().request, field), 'string', endpoint);
      }
  });

/** The type of the field at a path; anything can be a key of a map of texts. */
const typeAt = (tree: ValueTree, path: string): string => {
  let at: ValueTree | undefined = tree;
  for (const name of path.split('.')) {
    if (at?.type === 'map[string]string') return 'string';
    at = at?.values.find((v) => v.name === name);
  }
  return at?.type ?? `no field ${path}`;
};

test.run();
