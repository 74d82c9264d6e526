/** The host brings plugins up and down: order, chains of failures, half starts, states, settings of one start. No sockets but those of serve. */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { capability, type Needs } from '../contract/capability.ts';
import { ExitError, internal } from '../contract/error.ts';
import { fields } from '../contract/field.ts';
import { host as hostNeed } from '../contract/host.ts';
import {
  defineDriver,
  defineProfile,
  defineService,
  type Plugin,
  type PluginContext,
  type Running,
} from '../contract/plugin.ts';
import { createHost, type HostOptions } from './host.ts';

const test = suite('host');
const dataDir = mkdtempSync(join(tmpdir(), 'micro-host-'));
test.after(() => rmSync(dataDir, { recursive: true, force: true }));

type Hooks = Partial<Record<'create' | 'start' | 'stop', () => void | Promise<void>>>;

/** Drivers that write down what happens to them. */
const recorder = () => {
  const events: string[] = [];
  const life = (name: string, hooks: Hooks): Running => ({
    start: async () => {
      events.push(`start ${name}`);
      await hooks.start?.();
    },
    stop: async () => {
      events.push(`stop ${name}`);
      await hooks.stop?.();
    },
  });
  const driver = (slot: string, needs: Needs = {}, hooks: Hooks = {}): Plugin =>
    defineDriver({
      id: `drivers/${slot}/x`,
      summary: 's',
      provides: capability<object>(slot),
      needs,
      config: fields({ word: { type: 'string', doc: 'Word', default: 'default', env: 'MICRO_WORD' } }),
      load: async () => ({
        create: (ctx: PluginContext) => {
          hooks.create?.();
          return { ...life(slot, hooks), ctx };
        },
      }),
    });
  return { events, driver, life };
};

const profileFor = (slots: readonly string[], more: Partial<Parameters<typeof defineProfile>[0]> = {}): Plugin =>
  defineProfile({
    id: 'profiles/t',
    summary: 's',
    bind: Object.fromEntries(slots.map((slot) => [slot, `drivers/${slot}/x` as const])),
    start: [],
    ...more,
  });

const open = (plugins: readonly Plugin[], o: Partial<HostOptions> = {}) =>
  createHost({ plugins, profile: 't', version: '1', settings: { env: {} }, log: silentLog, dataDir, ...o });

const fails = async (work: Promise<unknown>): Promise<ExitError> => {
  try {
    await work;
  } catch (e) {
    return e as ExitError;
  }
  return assert.unreachable('it did not fail') as never;
};

const chainOfTwo = (hooks: { readonly a?: Hooks; readonly b?: Hooks } = {}) => {
  const { events, driver } = recorder();
  const plugins = [driver('a', {}, hooks.a), driver('b', { a: capability('a') }, hooks.b), profileFor(['a', 'b'])];
  return { events, plugins };
};

test('starts in the order of needs and stops in reverse, once', async () => {
  const { events, plugins } = chainOfTwo();
  const started = await open(plugins).start(['drivers/b/x']);
  await started.stop();
  await started.stop();
  await started.ended;
  assert.equal(events, ['start a', 'start b', 'stop b', 'stop a']);
});

test('a failed start stops what had started and names the chain', async () => {
  const hooks = {
    b: {
      start: () => {
        throw internal('x', 'cannot open /data/b: EACCES', { hint: 'chmod it' });
      },
    },
  };
  const { events, plugins } = chainOfTwo(hooks);
  const { driver } = recorder();
  const all = [...plugins.slice(0, 2), driver('c', { b: capability('b') }), profileFor(['a', 'b', 'c'])];
  const host = open(all);
  const error = await fails(host.start(['drivers/c/x']));
  assert.is(error.message, 'drivers/c/x needs b: drivers/b/x: start: cannot open /data/b: EACCES');
  assert.is(error.hint, 'chmod it');
  assert.equal(events, ['start a', 'start b', 'stop b', 'stop a']);
  assert.equal(
    host
      .states()
      .filter((s) => s.kind === 'driver')
      .map((s) => s.state),
    ['stopped', 'stopped', 'idle'],
  );
});

test('a failed create is named as such, and load is timed', async () => {
  const { plugins } = chainOfTwo({
    a: {
      create: () => {
        throw new Error('file and url exclude each other');
      },
    },
  });
  const host = open(plugins);
  const error = await fails(host.start(['drivers/b/x']));
  assert.is(error.message, 'drivers/b/x needs a: drivers/a/x: create: file and url exclude each other');
  const state = host.states().find((s) => s.id === 'drivers/a/x');
  assert.is(state?.state, 'failed');
  assert.type(state?.loadMs, 'number');
});

test('one that cannot stop does not keep the others from stopping', async () => {
  const { events, plugins } = chainOfTwo({
    b: {
      stop: () => {
        throw new Error('stuck');
      },
    },
  });
  const started = await open(plugins).start(['drivers/b/x']);
  assert.is((await fails(started.stop())).message, 'drivers/b/x: stop: stuck');
  assert.is(events.at(-1), 'stop a');
});

test('an interrupt while starting ends the start with its own reason', async () => {
  const abort = new AbortController();
  const reason = new DOMException('interrupted', 'AbortError');
  const { events, plugins } = chainOfTwo({
    a: {
      start: () => {
        abort.abort(reason);
        return new Promise<void>(() => {});
      },
    },
  });
  const error = await fails(open(plugins, { signal: abort.signal }).start(['drivers/b/x']));
  assert.is(error, reason as unknown);
  assert.equal(events, ['start a', 'stop a']);
});

test('a command gets its needs, the host among them, and errors as they were thrown', async () => {
  const { plugins } = chainOfTwo();
  const host = open(plugins);
  const opened = await host.open({
    id: 'micro x',
    needs: { b: capability<{ ctx: PluginContext }>('b'), host: hostNeed },
  });
  assert.is(opened.needs.host, host);
  assert.is(opened.needs.b.ctx.config['word' as never], 'default');
  await opened.stop();
  const thrown = new ExitError('Env "x" not found', 1);
  const failing = chainOfTwo({
    a: {
      start: () => {
        throw thrown;
      },
    },
  });
  assert.is(await fails(open(failing.plugins).open({ id: 'micro x', needs: { b: capability('b') } })), thrown);
});

test('a plugin’s signal fires when its stop begins, not before', async () => {
  const seen: boolean[] = [];
  let context: PluginContext | undefined;
  const plugin = defineDriver({
    id: 'drivers/a/x',
    summary: 's',
    provides: capability<object>('a'),
    load: async () => ({
      create: (ctx: PluginContext) => {
        context = ctx;
        return { stop: async () => void seen.push(ctx.signal.aborted) };
      },
    }),
  });
  const started = await open([plugin, profileFor(['a'])]).start(['drivers/a/x']);
  assert.is(context?.signal.aborted, false);
  await started.stop();
  assert.equal(seen, [true]);
});

test('the data folder of a plugin is made when it is first asked for, for this user only', async () => {
  let context: PluginContext | undefined;
  const plugin = defineDriver({
    id: 'drivers/a/private',
    summary: 's',
    provides: capability<object>('a'),
    load: async () => ({
      create: (ctx: PluginContext) => {
        context = ctx;
        return {};
      },
    }),
  });
  const bind = { a: 'drivers/a/private' } as const;
  const started = await open([plugin, profileFor([], { bind })]).start(['drivers/a/private']);
  const folder = join(dataDir, 'drivers/a/private');
  assert.not.ok(existsSync(folder));
  assert.is(context?.dataDir, folder);
  if (process.platform !== 'win32') assert.is(statSync(folder).mode & 0o777, 0o700);
  await started.stop();
});

test('settings of one start are as strong as flags; slots are switched by their variable', async () => {
  const { driver } = recorder();
  const plugins = [driver('a'), profileFor(['a'], { settings: { 'drivers/a/x': { word: 'profile' } } })];
  const wordOf = async (env: Readonly<Record<string, string>>, word?: string): Promise<unknown> => {
    const words: unknown[] = [];
    const [first, profile] = plugins as [Plugin, Plugin];
    const create = (ctx: PluginContext): object => {
      words.push(ctx.config['word' as never]);
      return {};
    };
    const spy = { ...first, load: async () => ({ create }) };
    const host = open([spy as Plugin, profile], { settings: { env } });
    const started = await host.start(
      ['drivers/a/x'],
      word === undefined ? {} : { settings: { 'drivers/a/x': { word } } },
    );
    await started.stop();
    return words[0];
  };
  assert.is(await wordOf({}), 'profile');
  assert.is(await wordOf({ MICRO_WORD: 'env' }), 'env');
  assert.is(await wordOf({ MICRO_WORD: 'env' }, 'given'), 'given');
  assert.throws(() => open(plugins, { settings: { env: { MICRO_A: 'z' } } }), 'no driver for a is called z');
});

/** Registry and auth as far as serve() looks at them. */
const platform = () => {
  const { events, life } = recorder();
  const registry = defineDriver({
    id: 'drivers/registry/x',
    summary: 's',
    provides: capability<object>('registry'),
    load: async () => ({
      create: () => ({
        ...life('registry', {}),
        register: async ({ name, nodes }: { name: string; nodes: { metadata: Record<string, string> }[] }) =>
          void events.push(`register ${name}${nodes[0]?.metadata.listener ? ` at ${nodes[0].metadata.listener}` : ''}`),
        deregister: async ({ name }: { name: string }) => void events.push(`deregister ${name}`),
      }),
    }),
  });
  const auth = defineDriver({
    id: 'drivers/auth/x',
    summary: 's',
    provides: capability<object>('auth'),
    load: async () => ({ create: () => ({}) }),
  });
  const service = (name: string, listens: boolean): Plugin =>
    defineService({
      id: `services/${name}`,
      summary: 's',
      protos: [],
      port: 0,
      load: async () => ({
        create: () => ({
          ...life(name, {}),
          handlers: [],
          ...(listens ? { listeners: () => [{ name, address: '127.0.0.1:1', protocol: 'test', auth: true }] } : {}),
        }),
      }),
    });
  const plugins = [registry, auth, service('gate', true), service('plain', false), profileFor(['registry', 'auth'])];
  return { events, plugins };
};

test('gateways start after the services are registered, and stop first', async () => {
  const { events, plugins } = platform();
  const host = open(plugins);
  const started = await host.start(['services/gate', 'services/plain']);
  assert.equal(events, [
    'start registry',
    'start plain',
    'register plain',
    'start gate',
    'register gate at 127.0.0.1:1',
  ]);
  assert.equal(
    started.listeners.map((l) => l.name),
    ['gate', 'services', 'gateways'],
  );
  assert.equal(await host.ready(AbortSignal.timeout(1_000)), started.listeners);
  events.length = 0;
  await started.stop();
  assert.equal(events, ['stop gate', 'deregister gate', 'deregister plain', 'stop plain', 'stop registry']);
});

test('ready waits no longer than its caller', async () => {
  const { plugins } = platform();
  const abort = new AbortController();
  const waiting = open(plugins).ready(abort.signal);
  abort.abort(new Error('enough'));
  assert.is((await fails(waiting)).message, 'enough');
});

test.run();
