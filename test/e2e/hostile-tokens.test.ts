/** Every token of test/support/hostile-tokens.ts is refused wherever a token may be shown, while a good one that is made in the same way passes everywhere. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { makeKeys } from '../../internal/auth/keys.ts';
import { tokenCharsMax } from '../../internal/contract/limits.ts';
import { hostileTokens, type HostileTokens, openForge } from '../support/hostile-tokens.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';
import { type Answer, type Ask, openWays, type Ways } from '../support/ways.ts';

const test = suite('e2e: hostile tokens');

let server: Server;
let admin: RpcCaller;
let ways: Ways;
let sources: string;
let good: string;
let hostile: HostileTokens;

test.before(async () => {
  sources = tempFolder();
  const [ours, foreign] = await Promise.all([makeKeys(), makeKeys()]);
  server = await startServer({ env: { MICRO_AUTH_PRIVATE_KEY: ours.privateText } });
  admin = await openAdminCaller(server.proxyAddress);
  ways = await openWays(server);
  await ok(server, ['run', '--wait', copyExample(sources, 'helloworld')]);
  const resource = { type: 'service', name: 'helloworld', endpoint: '*' };
  const closed = { id: 'members', scope: '*', resource, access: 'GRANTED', priority: 2 };
  const rest = { id: 'nobody-else', scope: '', resource, access: 'DENIED', priority: 1 };
  for (const rule of [closed, rest]) await admin.call('auth', 'Rules.Create', { rule });
  await poll('the service goes by the rules', async () => (await ways.direct(user)).code === 401);
  const now = Math.floor(Date.now() / 1_000);
  // No account of this name is stored: services that hold the key sign for their own.
  const who = { type: 'service', scopes: ['service'], metadata: {}, name: 'peer', sub: 'peer', iss: 'micro' };
  const forger = { ours, foreign, now, claims: { ...who, exp: now + 3_600 } };
  good = await openForge(forger).signed();
  hostile = await hostileTokens(forger);
});

test.after(async () => {
  await ways?.close();
  await admin?.close();
  await server?.stop();
  rmSync(sources, { recursive: true, force: true });
});

const core: Ask = { service: 'registry', endpoint: 'Registry.ListServices' };
const user: Ask = { service: 'helloworld', endpoint: 'Helloworld.Call' };
/** As bytes: a header is not made of characters. */
const bearer = (token: string): string => `Bearer ${Buffer.from(token).toString('latin1')}`;
const withHeader = (ask: Ask, token: string): Ask => ({ ...ask, headers: { authorization: bearer(token) } });
const basic = (token: string): string => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
const cookie = (token: string): string => `micro-token=${Buffer.from(token).toString('latin1')}`;
const asField = (endpoint: string, request: object): Promise<Answer> =>
  ways.direct({ service: 'auth', endpoint, request });

/** What a place answers to a hostile token: this code, and in most the word for what is wrong with it. */
interface Place {
  readonly code: number;
  readonly tellsWhy: boolean;
  /** In the head of a call, which cannot carry everything. */
  readonly inHead: boolean;
  show(token: string, name: string): Promise<Answer>;
}

const inHead = { code: 401, tellsWhy: true, inHead: true };
const inBody = { code: 400, inHead: false };

/** Where a token may be shown. */
const places: Readonly<Record<string, Place>> = {
  'the proxy, to a core service': { ...inHead, show: (t) => ways.proxy(withHeader(core, t)) },
  'the proxy, to a service': { ...inHead, show: (t) => ways.proxy(withHeader(user, t)) },
  'the proxy, as Basic': {
    ...inHead,
    inHead: false,
    show: (t) => ways.proxy({ ...core, headers: { authorization: basic(t) } }),
  },
  'the API, to a core service': { ...inHead, show: (t) => ways.api(withHeader(core, t)) },
  'the API, to a service': { ...inHead, show: (t) => ways.api(withHeader(user, t)) },
  'the API, as a cookie': { ...inHead, show: (t) => ways.api({ ...user, headers: { cookie: cookie(t) } }) },
  'a core service': { ...inHead, show: (t) => ways.direct(withHeader(core, t)) },
  'a service in a process of its own': { ...inHead, show: (t) => ways.direct(withHeader(user, t)) },
  'Auth.Inspect': { ...inBody, tellsWhy: true, show: (token) => asField('Auth.Inspect', { token }) },
  'Auth.Token, as a refresh token': {
    ...inBody,
    tellsWhy: false,
    show: (t) => asField('Auth.Token', { refresh_token: t }),
  },
  'Auth.Token, as a secret': {
    ...inBody,
    tellsWhy: false,
    // An account of its own for each, since failed logins are counted.
    show: (secret, name) => asField('Auth.Token', { id: `ghost ${name}`, secret }),
  },
};

/** Blanks at the ends of a header are not part of it, and control characters are not sent by any client. */
const fitsHead = (token: string): boolean =>
  /^[!-~\x80-\uffff](.*[!-~\x80-\uffff])?$/.test(token) && !token.includes('\0');
/** Longer than any token, or of letters that some servers do not even read: refused, and that is enough. */
const isOdd = (token: string): boolean => token.length > tokenCharsMax || !/^[ -~]*$/.test(token);

test('a good token passes everywhere', async () => {
  for (const [place, { show }] of Object.entries(places))
    await poll(place, async () => (await show(good, 'good')).code === 200);
});

for (const [place, { code, tellsWhy, inHead: isInHead, show }] of Object.entries(places))
  test(`none passes at ${place}`, async () => {
    const shown = Object.entries(hostile).filter(([, [, token]]) => !isInHead || fitsHead(token));
    const faults = await Promise.all(
      shown.map(async ([name, [want, token]]) => {
        const answer = await show(token, name);
        const got = `${answer.code} ${answer.reason}`;
        const isRefused = isOdd(token) && isInHead ? answer.code !== 200 : answer.code === code;
        const isTold = isOdd(token) || !tellsWhy || answer.reason === want;
        return isRefused && isTold ? [] : [`${name}: ${got} (${answer.detail}); expected ${code} ${want}`];
      }),
    );
    assert.equal(faults.flat(), []);
  });

test.run();
