/** What the rpc driver refuses by itself: a text that is no token, or that says itself that it has ended, is not worth a call. */

import * as assert from 'uvu/assert';

import type { Client } from '../../../../internal/contract/client.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { plugin } from './plugin.ts';

const test = suite('rpc auth driver: no question');

const now = 1_700_000_000_000;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

for (const [name, token, reason] of [
  ['nothing', '', 'invalid_token'],
  ['no dot', 'token', 'invalid_token'],
  ['one dot', 'a.b', 'invalid_token'],
  ['three dots', 'a.b.c.d', 'invalid_token'],
  ['empty parts', 'a..c', 'invalid_token'],
  ['a text beyond all bounds', `a.${'b'.repeat(20_000)}.c`, 'invalid_token'],
  ['a token that has ended', `${part({})}.${part({ exp: now / 1_000 })}.c`, 'expired_token'],
] as const)
  test(`${name} is refused at once`, async () => {
    const client = { call: () => assert.unreachable('asked'), stream: () => assert.unreachable('asked') };
    const rpc = await startDriver(plugin, { needs: { client: client as unknown as Client }, now: () => now });
    const error = await rpc.instance.inspect(token).catch((e: unknown) => e);
    assert.ok(isMicroError(error));
    assert.equal([error.code, error.detail, error.reason], [400, 'invalid token provided', reason]);
    await rpc.stop();
  });

test.run();
