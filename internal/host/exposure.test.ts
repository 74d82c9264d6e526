/** Who is told that a listener is off loopback. */

import * as assert from 'uvu/assert';

import { capability } from '../contract/capability.ts';
import { fields } from '../contract/field.ts';
import { defineDriver, defineService, type Plugin } from '../contract/plugin.ts';
import { suite } from '../../test/support/suite.ts';
import { withExposure } from './exposure.ts';

const test = suite('host: exposure');

const load = () => Promise.reject(new Error('loads nothing'));
const exposed = fields({ exposed: { type: 'bool', doc: 'A listener is off loopback', default: false } });
const told = defineDriver({
  id: 'drivers/auth/told',
  summary: 'Is told',
  provides: capability<object>('auth'),
  config: exposed,
  load,
});
const untold = defineDriver({
  id: 'drivers/store/untold',
  summary: 'Is not told',
  provides: capability<object>('store'),
  load,
});
const gateway = defineService({
  id: 'services/gateway',
  summary: 'Listens',
  protos: [],
  port: 0,
  config: fields({ address: { type: 'string', doc: 'Address' } }),
  load,
});
const plugins: readonly Plugin[] = [told, untold, gateway];
const all = plugins.map(({ id }) => ({ id, needs: {} }));

const cases: readonly (readonly [address: string | undefined, shared: string | undefined, exposed: boolean])[] = [
  ['127.0.0.1:8081', undefined, false],
  ['[::1]:8081', '127.0.0.1:0', false],
  [undefined, undefined, false],
  ['0.0.0.0:8081', undefined, true],
  [':8081', undefined, true],
  ['127.0.0.1:8081', '10.0.0.1:0', true],
];
for (const [address, shared, isExposed] of cases)
  test(`a gateway on ${address} and services on ${shared}: ${isExposed ? 'exposed' : 'not exposed'}`, () => {
    const addressOf = (plugin: Plugin) => (plugin === gateway ? address : undefined);
    const given = { 'drivers/auth/told': { other: '1' } };
    assert.equal(withExposure({ steps: all, plugins, addressOf, shared }, given), {
      'drivers/auth/told': isExposed ? { other: '1', exposed: 'true' } : { other: '1' },
    });
  });

test('a gateway that is not started exposes nothing', () => {
  const steps = all.filter(({ id }) => id !== gateway.id);
  assert.equal(withExposure({ steps, plugins, addressOf: () => undefined, shared: undefined }), {});
});

test.run();
