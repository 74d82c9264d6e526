/** An authority that refuses, breaks or lies: each is told in bounded words with its kind, and no order outlives it. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import * as assert from 'uvu/assert';

import {
  type FakeAnswer,
  type FakeAuthority,
  goodAuthorization,
  goodOrder,
  startFakeAuthority,
} from '../../../test/support/fake-authority.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { poll } from '../../../test/support/poll.ts';
import { suite } from '../../../test/support/suite.ts';
import { acmeAnswerBytesMax, acmeReasonCharsMax, acmeRetryAfterMsMax } from '../../contract/limits.ts';
import { CaError, type CaErrorOptions } from './ca-error.ts';
import { createChallenges } from './challenges.ts';
import { orderCertificate } from './order-certificate.ts';
import { standIn } from './stand-in.ts';

const test = suite('tls: an order and its authority');
const account = { key: (await standIn(['account'], 0)).key, url: undefined };
const challenges = createChallenges();

const order = (o: { readonly directory: string; readonly ca?: string; readonly signal?: AbortSignal }) =>
  orderCertificate({
    settings: { hosts: ['a.example'], directory: o.directory, directoryCa: o.ca, email: undefined },
    account,
    keepAccount: async () => undefined,
    challenges,
    signal: o.signal ?? new AbortController().signal,
    now: Date.now,
  });

const failureOf = async (work: Promise<unknown>): Promise<CaError> => {
  try {
    await work;
  } catch (error) {
    assert.instance(error, CaError, String(error));
    const failure = error as CaError;
    assert.ok(failure.message.length <= acmeReasonCharsMax + 1);
    assert.is(challenges.find('a.example'), undefined, 'no challenge is left');
    return failure;
  }
  return assert.unreachable('the order succeeded') as never;
};

const wrong = (type: string, detail = 'because'): FakeAnswer => ({
  status: 403,
  headers: { 'content-type': 'application/problem+json' },
  text: JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail }),
});

interface Case {
  readonly name: string;
  readonly path: string;
  readonly answer: (origin: string) => FakeAnswer;
  readonly want: Pick<CaErrorOptions, 'fault' | 'type' | 'retryAfterMs'>;
  readonly says?: RegExp;
}

const order201 = (change: (origin: string) => unknown) => (origin: string) => ({
  status: 201,
  headers: { location: `${origin}/order` },
  json: change(origin),
});

const cases: readonly Case[] = [
  // Refusals.
  {
    name: 'a problem',
    path: '/account',
    answer: () => wrong('invalidContact'),
    want: { fault: 'problem', type: 'invalidContact' },
    says: /invalidContact: because/,
  },
  {
    name: 'a refused name',
    path: '/new-order',
    answer: () => wrong('rejectedIdentifier'),
    want: { fault: 'problem', type: 'rejectedIdentifier' },
  },
  {
    name: 'a rate limit',
    path: '/new-order',
    answer: () => ({
      status: 429,
      headers: { 'retry-after': '600' },
      json: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' },
    }),
    want: { fault: 'problem', type: 'rateLimited', retryAfterMs: 600_000 },
  },
  {
    name: 'a rate limit of a gateway',
    path: '/dir',
    answer: () => ({ status: 429, headers: { 'retry-after': '99999999' }, text: 'slow' }),
    want: { fault: 'problem', type: 'rateLimited', retryAfterMs: acmeRetryAfterMsMax },
    says: /HTTP 429/,
  },
  {
    name: 'a failing directory',
    path: '/dir',
    answer: () => ({ status: 503, text: '<html>' }),
    want: { fault: 'problem', type: 'serverInternal' },
    says: /HTTP 503/,
  },
  {
    name: 'a failure inside',
    path: '/new-order',
    answer: () => ({ status: 500, json: { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'oops' } }),
    want: { fault: 'problem', type: 'serverInternal' },
    says: /oops/,
  },
  {
    name: 'words that paint a terminal',
    path: '/account',
    answer: () => wrong('dns', '\u001b[2J\r\nfake line\u202e'),
    want: { fault: 'problem', type: 'dns' },
    says: /dns: \[2J fake line$/,
  },
  {
    name: 'a long reason',
    path: '/account',
    answer: () => wrong('dns', 'x'.repeat(100_000)),
    want: { fault: 'problem', type: 'dns' },
  },
  {
    name: 'no end of bad nonces',
    path: '/account',
    answer: () => ({ status: 400, json: { type: 'urn:ietf:params:acme:error:badNonce', detail: 'again' } }),
    want: { fault: 'answer' },
    says: /again/,
  },
  // A proof that failed.
  {
    name: 'an order that is invalid',
    path: '/order',
    answer: (o) => ({
      json: { ...goodOrder(o), status: 'invalid', error: { type: 'urn:ietf:params:acme:error:caa', detail: 'no' } },
    }),
    want: { fault: 'problem', type: 'caa' },
  },
  // Hostile or broken answers.
  {
    name: 'a huge directory',
    path: '/dir',
    answer: () => ({ text: 'x'.repeat(acmeAnswerBytesMax + 1) }),
    want: { fault: 'answer' },
    says: /acmeAnswerBytesMax/,
  },
  {
    name: 'an endless directory',
    path: '/dir',
    answer: () => endless,
    want: { fault: 'answer' },
    says: /acmeAnswerBytesMax/,
  },
  {
    name: 'a redirect',
    path: '/dir',
    answer: (o) => ({ status: 302, headers: { location: `${o}/nonce` } }),
    want: { fault: 'answer' },
    says: /302, a redirect/,
  },
  { name: 'half an answer', path: '/dir', answer: () => half, want: { fault: 'unreachable' } },
  { name: 'a page', path: '/dir', answer: () => ({ text: '<html>welcome</html>' }), want: { fault: 'answer' } },
  {
    name: 'a directory of brackets',
    path: '/dir',
    answer: () => ({ text: '['.repeat(acmeAnswerBytesMax / 2) + ']'.repeat(acmeAnswerBytesMax / 2) }),
    want: { fault: 'answer' },
  },
  {
    name: 'an account of brackets',
    path: '/account',
    answer: () => ({ status: 207, text: `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}` }),
    want: { fault: 'answer' },
  },
  { name: 'an empty directory', path: '/dir', answer: () => ({ json: {} }), want: { fault: 'answer' } },
  { name: 'a null directory', path: '/dir', answer: () => ({ json: null }), want: { fault: 'answer' } },
  {
    name: 'a directory that leads to plain text',
    path: '/dir',
    answer: () => ({ json: { newNonce: 'http://127.0.0.1:1/', newAccount: 'x' } }),
    want: { fault: 'answer' },
    says: /no https URL/,
  },
  {
    name: 'a directory that leads to a file',
    path: '/dir',
    answer: () => ({ json: { newNonce: 'file:///etc/passwd', newAccount: 'x' } }),
    want: { fault: 'answer' },
    says: /no https URL/,
  },
  {
    name: 'a directory of numbers',
    path: '/dir',
    answer: () => ({ json: { newNonce: 7 } }),
    want: { fault: 'answer' },
  },
  {
    name: 'an account without a place',
    path: '/account',
    answer: () => ({ status: 201, json: {} }),
    want: { fault: 'answer' },
  },
  {
    name: 'an order without a place',
    path: '/new-order',
    answer: (o) => ({ status: 201, json: goodOrder(o) }),
    want: { fault: 'answer' },
  },
  {
    name: 'an order that is text',
    path: '/new-order',
    answer: (o) => ({ status: 201, headers: { location: `${o}/order` }, text: 'order' }),
    want: { fault: 'answer' },
  },
  { name: 'an order that is null', path: '/new-order', answer: order201(() => null), want: { fault: 'answer' } },
  {
    name: 'an order without an end',
    path: '/new-order',
    answer: order201((o) => ({ ...goodOrder(o), finalize: undefined })),
    want: { fault: 'answer' },
  },
  {
    name: 'proofs that are no list',
    path: '/new-order',
    answer: order201((o) => ({ ...goodOrder(o), authorizations: { length: 1e9 } })),
    want: { fault: 'answer' },
  },
  {
    name: 'a thousand proofs',
    path: '/new-order',
    answer: order201((o) => ({
      ...goodOrder(o),
      authorizations: Array.from({ length: 1_000 }, () => `${o}/authorization`),
    })),
    want: { fault: 'answer' },
    says: /1000 proofs for 1 names/,
  },
  {
    name: 'proofs that are numbers',
    path: '/new-order',
    answer: order201((o) => ({ ...goodOrder(o), authorizations: [7] })),
    want: { fault: 'answer' },
  },
  {
    name: 'a proof for another name',
    path: '/authorization',
    answer: (o) => ({ json: { ...goodAuthorization(o), identifier: { type: 'dns', value: 'evil.example' } } }),
    want: { fault: 'answer' },
    says: /not ordered/,
  },
  { name: 'a proof of nothing', path: '/authorization', answer: () => ({ json: [] }), want: { fault: 'answer' } },
  {
    name: 'other proofs only',
    path: '/authorization',
    answer: (o) => ({ json: { ...goodAuthorization(o), challenges: [{ type: 'dns-01', url: o, token: 'x' }] } }),
    want: { fault: 'answer' },
    says: /offers dns-01 to prove a\.example/,
  },
  {
    name: 'a proof without a token',
    path: '/authorization',
    answer: (o) => ({ json: { ...goodAuthorization(o), challenges: [{ type: 'tls-alpn-01', url: o }] } }),
    want: { fault: 'answer' },
  },
  {
    name: 'a token of other characters',
    path: '/authorization',
    answer: (o) => ({
      json: { ...goodAuthorization(o), challenges: [{ type: 'tls-alpn-01', url: o, token: '../x' }] },
    }),
    want: { fault: 'answer' },
  },
  {
    name: 'an order that is done before it began',
    path: '/order',
    answer: (o) => ({ json: { ...goodOrder(o), status: 'valid' } }),
    want: { fault: 'answer' },
    says: /calls the order valid before/,
  },
  {
    name: 'an order in a state that there is not',
    path: '/order',
    answer: (o) => ({ json: { ...goodOrder(o), status: 'constructor' } }),
    want: { fault: 'answer' },
  },
];

const endless = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(64 * 1_024)));
  };
  response.on('drain', more).on('error', () => undefined);
  more();
};
const half = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{', () => response.destroy());
};

for (const c of cases)
  test(`refuses ${c.name}`, async () => {
    await withAuthority(async (authority) => {
      authority.answer(c.path, c.answer(authority.origin));
      const failure = await failureOf(order(authority));
      assert.is(failure.fault, c.want.fault, failure.message);
      if ('type' in c.want) assert.is(failure.type, c.want.type, failure.message);
      if ('retryAfterMs' in c.want) assert.is(failure.retryAfterMs, c.want.retryAfterMs);
      if (c.says) assert.match(failure.message, c.says);
      assert.ok(authority.requests.length < 30, authority.requests.join('\n'));
    });
  });

for (const c of [
  { name: 'somebody else', text: (await standIn(['a.example'], Date.now())).cert, says: /key belongs to another/ },
  { name: 'nobody', text: 'nonsense', says: /cannot be used/ },
  { name: 'no length', text: '', says: /./ },
])
  test(`refuses a certificate of ${c.name}`, async () => {
    await withAuthority(async (authority) => {
      const { origin } = authority;
      const valid = { ...goodOrder(origin), status: 'valid', certificate: `${origin}/certificate` };
      authority.answer('/order', { json: { ...goodOrder(origin), status: 'ready' } });
      authority.answer('/finalize', { json: valid });
      authority.answer('/certificate', { text: c.text });
      const failure = await failureOf(order(authority));
      assert.is(failure.fault, 'answer');
      assert.match(failure.message, c.says);
    });
  });

test('an authority that nobody vouches for is not spoken to', async () => {
  await withAuthority(async ({ directory, requests }) => {
    assert.is((await failureOf(order({ directory }))).fault, 'untrusted');
    assert.equal(requests, []);
  });
});

test('nobody there', async () => {
  const directory = `https://localhost:${await freePort()}/dir`;
  const failure = await failureOf(order({ directory }));
  assert.is(failure.fault, 'unreachable');
});

test('somebody there who speaks no TLS', async () => {
  const server = createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    assert.is((await failureOf(order({ directory: `https://localhost:${port}/dir` }))).fault, 'unreachable');
  } finally {
    server.close();
  }
});

test('an order that is given up ends at once, also inside a request', async () => {
  await withAuthority(async (authority) => {
    const abort = new AbortController();
    authority.answer('/new-order', () => abort.abort(new Error('stopping')));
    try {
      await order({ ...authority, signal: abort.signal });
      assert.unreachable('it went on');
    } catch (e) {
      assert.match(String(e), /stopping/);
    }
  });
});

test('an order that is given up ends at once, also between two looks', async () => {
  await withAuthority(async (authority) => {
    const abort = new AbortController();
    const ordered = order({ ...authority, signal: abort.signal }).catch((e: unknown) => e);
    await poll('a look at the order', () => authority.requests.includes('POST /order'));
    assert.ok(challenges.find('A.example'), 'the challenge is answered meanwhile');
    abort.abort(new Error('stopping'));
    assert.match(String(await ordered), /stopping|aborted/);
    assert.is(challenges.find('a.example'), undefined);
  });
});

const withAuthority = async (body: (authority: FakeAuthority) => Promise<void>): Promise<void> => {
  const authority = await startFakeAuthority();
  try {
    await body(authority);
  } finally {
    await authority.stop();
  }
};

test.run();
