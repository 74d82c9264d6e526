/** Plans: order by needs, what is missing or circular as a chain, choices by profile, override and for services alone. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { all, capability, type Needs, optional } from '../contract/capability.ts';
import { ExitError } from '../contract/error.ts';
import { host } from '../contract/host.ts';
import { defineDriver, defineProfile, defineService, type Plugin, type PluginId } from '../contract/plugin.ts';
import { type Bindings, bindingsAlone, bindingsOf, chainTo, planNeeds, planOf, profileOf } from './plan.ts';

const test = suite('host: plan');

const never = () => Promise.reject(new Error('a plan loads nothing'));
const driver = (slot: string, name: string, needs: Needs = {}): Plugin =>
  defineDriver({ id: `drivers/${slot}/${name}`, summary: 's', provides: capability(slot), needs, load: never });
const service = (name: string, needs: Needs = {}): Plugin =>
  defineService({ id: `services/${name}`, summary: 's', protos: [], port: 0, needs, load: never });

const base: readonly Plugin[] = [
  driver('registry', 'memory'),
  driver('registry', 'rpc'),
  driver('auth', 'local', { store: capability('store') }),
  driver('auth', 'rpc'),
  driver('store', 'sqlite'),
  driver('store', 'memory'),
  driver('builder', 'one'),
  driver('builder', 'two'),
  service('registry', { registry: capability('registry') }),
  service('auth', { auth: capability('auth') }),
  service('config', { store: capability('store') }),
];
const bind: Bindings = {
  registry: 'drivers/registry/memory',
  auth: 'drivers/auth/local',
  store: 'drivers/store/sqlite',
  builder: ['drivers/builder/two', 'drivers/builder/one'],
};
const options = (plugins: readonly Plugin[] = base, bound = bind) => ({ plugins, bind: bound, profile: 'server' });
const idsOf = (ids: readonly PluginId[], o = options()) => planOf(ids, o).steps.map((s) => s.id);

const failsWith = (run: () => unknown, message: string, hint?: string): void => {
  try {
    run();
  } catch (e) {
    assert.instance(e, ExitError);
    assert.is((e as ExitError).message, message);
    if (hint !== undefined) assert.is((e as ExitError).hint, hint);
    return;
  }
  assert.unreachable('the plan was made');
};

test('what is needed stands before what needs it; every service needs registry and auth', () => {
  assert.equal(idsOf(['services/config']), [
    'drivers/registry/memory',
    'drivers/store/sqlite',
    'drivers/auth/local',
    'services/config',
  ]);
});

test('a driver that many need stands once', () => {
  const ids = idsOf(['services/config', 'services/auth', 'services/registry']);
  assert.is(new Set(ids).size, ids.length);
  assert.equal(ids.slice(-3), ['services/config', 'services/auth', 'services/registry']);
});

test('a missing driver is told with the chain that leads to it', () => {
  failsWith(
    () => planOf(['services/config'], options(base, { ...bind, store: [] })),
    'services/config needs auth: drivers/auth/local needs store: profile server binds no driver to store',
    'drivers for store: drivers/store/sqlite, drivers/store/memory',
  );
});

test('a bound driver that is not there is told with its neighbour', () => {
  failsWith(
    () => planOf(['services/registry'], options(base, { ...bind, registry: 'drivers/registry/memroy' })),
    'services/registry needs registry: there is no plugin drivers/registry/memroy',
    'did you mean drivers/registry/memory?',
  );
});

test('a circle is told as a chain', () => {
  const plugins = [
    ...base.filter((p) => p.id !== 'drivers/store/sqlite'),
    driver('store', 'sqlite', { auth: capability('auth') }),
  ];
  failsWith(
    () => planOf(['services/auth'], options(plugins)),
    'services/auth needs auth: drivers/auth/local needs store: drivers/store/sqlite needs auth: drivers/auth/local again: the needs are circular',
  );
});

test('two plugins with one id are an error', () =>
  failsWith(
    () => planOf([], options([...base, driver('store', 'sqlite')])),
    'two plugins have the id drivers/store/sqlite',
  ));

test('a driver must provide the slot it is bound to', () =>
  failsWith(
    () => planOf(['services/config'], options(base, { ...bind, auth: 'drivers/store/memory' })),
    'services/config needs auth: drivers/store/memory does not provide auth',
  ));

test('needs may be optional, many, or the host itself', () => {
  const needs = {
    cache: optional(capability('cache')),
    builders: all(capability('builder')),
    none: all(capability('x')),
    host,
  };
  const plan = planNeeds({ id: 'micro run', needs }, options());
  assert.equal(plan.direct, { cache: [], builders: ['drivers/builder/two', 'drivers/builder/one'], none: [] });
  assert.equal(
    plan.steps.map((s) => s.id),
    ['drivers/builder/two', 'drivers/builder/one'],
  );
});

test('a command is the first link of its chain', () =>
  failsWith(
    () => planNeeds({ id: 'micro run', needs: { runtime: capability('runtime') } }, options()),
    'micro run needs runtime: profile server binds no driver to runtime',
  ));

test('a step knows the chain that led to it', () => {
  const plan = planOf(['services/config'], options());
  assert.is(
    chainTo('drivers/store/sqlite', plan),
    'services/config needs auth: drivers/auth/local needs store: drivers/store/sqlite: ',
  );
  assert.is(chainTo('services/config', plan), 'services/config: ');
});

const server = defineProfile({ id: 'profiles/server', alias: 'local', summary: 's', bind, start: ['services/config'] });
const remote = defineProfile({
  id: 'profiles/service',
  summary: 's',
  bind: { registry: 'drivers/registry/rpc', auth: 'drivers/auth/rpc' },
  start: [],
});

test('profiles go by name or alias', () => {
  assert.is(profileOf('local', [server, remote]), server);
  failsWith(() => profileOf('sevice', [server, remote]), 'profile sevice does not exist', 'did you mean service?');
});

test('a slot is switched by the last part of a driver’s id', () => {
  const slots: Readonly<Record<string, string>> = { store: 'memory', builder: 'one,drivers/builder/two' };
  const bound = bindingsOf(server, base, (slot) => slots[slot]);
  assert.is(bound.store, 'drivers/store/memory');
  assert.equal(bound.builder, ['drivers/builder/one', 'drivers/builder/two']);
  failsWith(
    () => bindingsOf(server, base, () => 'memroy'),
    'no driver for registry is called memroy',
    'did you mean --registry=memory?',
  );
});

test('a core service alone holds its own slot and what nobody else stands for', () => {
  const plugins = [...base, server, remote];
  assert.equal(bindingsAlone(['services/auth'], remote, plugins), {
    registry: 'drivers/registry/rpc',
    auth: 'drivers/auth/local',
  });
  assert.equal(bindingsAlone(['services/config'], remote, plugins), {
    registry: 'drivers/registry/rpc',
    auth: 'drivers/auth/rpc',
    store: 'drivers/store/sqlite',
  });
});

test('the remote drivers’ own way to the server stays as it is', () => {
  const plugins = [
    ...base,
    driver('client', 'direct'),
    driver('client', 'proxy'),
    service('api', { client: capability('client') }),
    { ...server, bind: { ...bind, client: 'drivers/client/direct' } } as Plugin,
  ];
  const profile = { ...remote, bind: { ...remote.bind, client: 'drivers/client/proxy' } } as const;
  assert.is(bindingsAlone(['services/api'], profile, plugins).client, 'drivers/client/proxy');
});

test('whatever the needs, the order holds or the fault is a circle', () => {
  const slots = ['a', 'b', 'c', 'd', 'e', 'f'];
  const graph = fc.array(fc.subarray(slots), { minLength: slots.length, maxLength: slots.length });
  fc.assert(
    fc.property(graph, (edges) => {
      const plugins = slots.map((slot, i) =>
        driver(slot, 'x', Object.fromEntries((edges[i] ?? []).map((need) => [need, capability(need)]))),
      );
      const bound = Object.fromEntries(slots.map((slot) => [slot, `drivers/${slot}/x` as PluginId]));
      try {
        const { steps } = planOf(
          plugins.map((p) => p.id),
          options(plugins, bound),
        );
        const places = new Map(steps.map((step, at) => [step.id, at]));
        assert.is(steps.length, slots.length);
        for (const [at, step] of steps.entries())
          for (const id of Object.values(step.needs).flat()) assert.ok((places.get(id) ?? at) < at);
      } catch (e) {
        if (!(e instanceof ExitError)) throw e;
        assert.match(e.message, /again: the needs are circular$/);
      }
    }),
  );
});

test.run();
