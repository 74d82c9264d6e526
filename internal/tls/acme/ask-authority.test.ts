/** One request to an authority: what it answers comes back, and silence ends. */

import { Agent } from 'node:https';
import * as assert from 'uvu/assert';

import { startFakeAuthority } from '../../../test/support/fake-authority.ts';
import { suite } from '../../../test/support/suite.ts';
import { askAuthority } from './ask-authority.ts';
import { CaError } from './ca-error.ts';

const test = suite('tls: a request to an authority');
const authority = await startFakeAuthority({
  '/text': { headers: { location: '/x' }, text: 'gr\u00fcn' },
  '/nonce-again': { status: 400, json: { type: 'urn:ietf:params:acme:error:badNonce', detail: 'again' } },
  '/silent': () => undefined,
  '/stuck': (response) => response.write('{'),
});
const agent = new Agent({ ca: authority.ca });
test.after(async () => {
  agent.destroy();
  await authority.stop();
});

const ask = (path: string, requestMs?: number) =>
  askAuthority(
    { method: 'GET', url: `${authority.origin}${path}`, headers: {}, body: undefined },
    { agent, signal: new AbortController().signal, now: Date.now, ...(requestMs && { requestMs }) },
  );

test('status, headers and text come back', async () => {
  const { status, headers, text } = await ask('/text');
  assert.equal([status, headers.location, headers['replay-nonce'], text], [200, '/x', 'bm9uY2U', 'gr\u00fcn']);
});

test('a nonce that is refused is the business of the caller', async () =>
  assert.is((await ask('/nonce-again')).status, 400));

for (const path of ['/silent', '/stuck'])
  test(`${path.slice(1)}: the wait ends`, async () => {
    try {
      await ask(path, 20);
      assert.unreachable('it answered');
    } catch (e) {
      assert.instance(e, CaError);
      assert.match((e as CaError).message, /gives no answer within 0\.02 s/);
    }
  });

test.run();
