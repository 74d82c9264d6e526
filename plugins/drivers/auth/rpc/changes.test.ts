/** The rpc driver and changes that others make: what it remembers ends at once while it is told, and within the second named in the limits while it is not. */

import assert from 'node:assert/strict';

import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import type { Auth } from '../../../../internal/contract/auth.ts';
import type { Client } from '../../../../internal/contract/client.ts';
import { isMicroError, unavailable } from '../../../../internal/contract/error.ts';
import { ruleTrustMs, tokenTrustMs, unwatchedTrustMs } from '../../../../internal/contract/limits.ts';
import { startLocalAuth } from '../../../../test/conformance/start-local-auth.ts';
import { inProcessClient, testAdmin } from '../../../../test/support/in-process-client.ts';
import { poll } from '../../../../test/support/poll.ts';
import { startDriver, startService } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { plugin as authService } from '../../../services/auth/plugin.ts';
import { plugin } from './plugin.ts';

const test = suite('rpc auth driver: changes by others');

interface Setup {
  /** Where others make their changes. */
  readonly authority: Auth;
  readonly driver: Auth;
  readonly told: readonly AuthChange[];
  /** Access tokens of accounts a and b. */
  readonly a: string;
  readonly b: string;
  asked(endpoint: string): number;
  /** Milliseconds from now on. */
  pass(ms: number): void;
  /** The watch that is open breaks, and no other can be opened until this is called again. */
  breakLink(broken: boolean): void;
  /** No question is answered from now on. */
  goDown(): void;
}

const run = async (o: { readonly feed: boolean }, body: (setup: Setup) => Promise<void>): Promise<void> => {
  const local = await startLocalAuth();
  const { instance: authority } = local;
  const service = await startService(authService, {
    needs: { auth: o.feed ? authority : { ...authority, changes: undefined } },
  });
  const inner = inProcessClient({ services: { auth: service.instance.handlers }, account: testAdmin });
  const asked = new Map<string, number>();
  let link = new AbortController();
  let broken = false;
  let down = false;
  const count = (endpoint: string): void => void asked.set(endpoint, (asked.get(endpoint) ?? 0) + 1);
  const client: Client = {
    call: (name, endpoint, bytes, options) => {
      count(endpoint);
      if (down) throw unavailable('test', 'the server is down');
      return inner.call(name, endpoint, bytes, options);
    },
    stream: (name, endpoint, options = {}) => {
      count(endpoint);
      if (broken) throw unavailable('test', 'the link is broken');
      const signal = AbortSignal.any([link.signal, ...(options.signal ? [options.signal] : [])]);
      return inner.stream(name, endpoint, { ...options, signal });
    },
  };
  let passed = 0;
  const rpc = await startDriver(plugin, { needs: { client }, now: () => Date.now() + passed });
  const tokenOf = async (id: string): Promise<string> => {
    await authority.generate({ id, secret: 's' });
    return (await authority.token({ id, secret: 's' })).accessToken;
  };
  const told: AuthChange[] = [];
  const end = rpc.instance.changes?.((change) => told.push(change));
  try {
    await body({
      authority,
      driver: rpc.instance,
      told,
      a: await tokenOf('a'),
      b: await tokenOf('b'),
      asked: (endpoint) => asked.get(endpoint) ?? 0,
      pass: (ms) => (passed += ms),
      breakLink: (is) => {
        broken = is;
        if (is) link.abort(unavailable('test', 'the link broke'));
        else link = new AbortController();
      },
      goDown: () => {
        down = true;
      },
    });
  } finally {
    end?.();
    await rpc.stop();
    await service.stop();
    await local.stop();
  }
};

/** Both tokens and the rules are remembered, and the feed is live. */
const learn = async ({ driver, a, b, told }: Setup): Promise<void> => {
  await driver.rules();
  await poll('the feed', () => told.length > 0);
  await Promise.all([driver.inspect(a), driver.inspect(b), driver.rules()]);
};

const isVoid = (work: Promise<unknown>, reason: string): Promise<void> =>
  assert.rejects(work, (e) => isMicroError(e) && e.detail === 'invalid token provided' && e.reason === reason);

for (const { name, change, reason } of [
  { name: 'deleted', change: (auth: Auth) => auth.deleteAccount('a'), reason: 'ended_account' },
  {
    name: 'given another secret',
    change: (auth: Auth) => auth.changeSecret('a', { newSecret: 'n' }),
    reason: 'changed_secret',
  },
])
  test(`an account that is ${name} elsewhere is not known any more, the others are`, () =>
    run({ feed: true }, async (setup) => {
      await learn(setup);
      const { authority, driver, a, b, asked } = setup;
      const before = asked('Auth.Inspect');
      await change(authority);
      await poll('the account to be forgotten', () => driver.known?.account(a) === undefined);
      assert.equal(driver.known?.account(b)?.id, 'b');
      assert.equal((await driver.inspect(b)).id, 'b');
      assert.equal(asked('Auth.Inspect'), before);
      await isVoid(driver.inspect(a), reason);
    }));

test('rules that are made and deleted elsewhere are followed', () =>
  run({ feed: true }, async (setup) => {
    await learn(setup);
    const { authority, driver } = setup;
    const names = async (): Promise<string> => (await driver.rules()).map(({ id }) => id).join(' ');
    await authority.createRule({ ...(await authority.rules())[0]!, id: 'extra' });
    await poll('the new rule', async () => (await names()) === 'default extra');
    await authority.deleteRule('extra');
    await poll('its end', async () => (await names()) === 'default');
  }));

test('while changes are told, an answer is believed for longer than while they are not', () =>
  run({ feed: true }, async (setup) => {
    await learn(setup);
    const { driver, a, pass, asked, told } = setup;
    const before = asked('Auth.Inspect');
    for (let step = 0; step < 3; step += 1) {
      // Time passes in steps, and the feed beats in between.
      pass(unwatchedTrustMs / 2);
      await poll('a beat', () => driver.known?.account(a) !== undefined);
    }
    assert.equal(asked('Auth.Inspect'), before);
    assert.equal(told.length, 1);
  }));

test('a feed that falls silent counts no more', () =>
  run({ feed: true }, async (setup) => {
    await learn(setup);
    const { driver, a, pass } = setup;
    pass(unwatchedTrustMs);
    assert.equal(driver.known?.account(a), undefined);
    assert.equal(driver.known?.rules('micro'), undefined);
  }));

test('without a feed what is known is asked for again after a second, and changes are seen then', () =>
  run({ feed: false }, async ({ driver, authority, a, b, pass, told }) => {
    await Promise.all([driver.inspect(a), driver.inspect(b), driver.rules()]);
    await authority.deleteAccount('a');
    await authority.createRule({ ...(await authority.rules())[0]!, id: 'extra' });
    pass(unwatchedTrustMs);
    assert.equal(driver.known?.account(b), undefined);
    await isVoid(driver.inspect(a), 'ended_account');
    assert.equal((await driver.rules()).length, 2);
    assert.deepEqual(told, []);
  }));

test('what a broken link kept from it is found when the link is back', () =>
  run({ feed: true }, async (setup) => {
    await learn(setup);
    const { driver, authority, a, b, told, breakLink } = setup;
    breakLink(true);
    await authority.deleteAccount('a');
    breakLink(false);
    await poll('the feed to be back', () => told.length === 2);
    assert.deepEqual(told, [{ kind: 'missed' }, { kind: 'missed' }]);
    assert.equal(driver.known?.account(b), undefined);
    await isVoid(driver.inspect(a), 'ended_account');
    assert.equal((await driver.inspect(b)).id, 'b');
  }));

test('what is no JWT is refused without asking anybody', () =>
  run({ feed: false }, async ({ driver, asked }) => {
    for (const token of ['', 'x', 'a.b', 'a.b.c.d']) await isVoid(driver.inspect(token), 'invalid_token');
    assert.equal(asked('Auth.Inspect'), 0);
    await isVoid(driver.inspect('a.b.c'), 'invalid_token');
    assert.equal(asked('Auth.Inspect'), 1);
  }));

test('rules outlive an outage by the whole of their grace, tokens do not', () =>
  run({ feed: true }, async (setup) => {
    await learn(setup);
    const { driver, a, pass, breakLink, goDown } = setup;
    // Late in the life of the answer.
    pass(ruleTrustMs - 15_000);
    await poll('a beat', () => driver.known?.rules('micro') !== undefined);
    breakLink(true);
    goDown();
    pass(unwatchedTrustMs);
    assert.equal(driver.known?.rules('micro'), undefined);
    pass(tokenTrustMs - 5_000);
    assert.equal((await driver.rules()).length, 1);
    await assert.rejects(driver.inspect(a), /the server is down/);
    pass(10_000);
    await assert.rejects(driver.rules(), /the server is down/);
  }));

test('who does not listen opens no feed', async () => {
  await run({ feed: true }, async ({ asked, a, driver }) => {
    await driver.inspect(a);
    await poll('the feed of a listener', () => asked('Changes.Watch') === 1);
  });
  const local = await startLocalAuth();
  const service = await startService(authService, { needs: { auth: local.instance } });
  const inner = inProcessClient({ services: { auth: service.instance.handlers }, account: testAdmin });
  let streams = 0;
  const client: Client = {
    ...inner,
    stream: (...args) => {
      streams += 1;
      return inner.stream(...args);
    },
  };
  const { instance, stop } = await startDriver(plugin, { needs: { client } });
  await instance.rules();
  await stop();
  assert.equal(streams, 0);
  await service.stop();
  await local.stop();
});

test.run();
