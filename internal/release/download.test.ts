/** Tests of one download against a real server: bounds, redirects, silence, aborts, and what is refused before anything is sent. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';

import {
  type Answer,
  endless,
  redirect,
  type ReleaseServer,
  startReleaseServer,
  status,
  text,
  truncated,
} from '../../test/e2e/release-server.ts';
import { suite } from '../../test/support/suite.ts';
import type { ExitError } from '../contract/error.ts';
import { download, nextHop, releaseUrl } from './download.ts';

const test = suite('releases: download');
let server: ReleaseServer;
test.before(async () => {
  server = await startReleaseServer(['v0.1.0']);
});
test.each(() => server.reset());
test.after(() => server.close());

const get = async (o: { path?: string; url?: string; signal?: AbortSignal; idleMs?: number } = {}): Promise<string> => {
  const chunks: Uint8Array[] = [];
  await download({
    url: o.url ?? server.url + (o.path ?? '/file'),
    bytesMax: 1_000,
    bound: 'exampleBytesMax',
    signal: o.signal ?? new AbortController().signal,
    idleMs: o.idleMs,
    write: (chunk) => void chunks.push(chunk),
  });
  return Buffer.concat(chunks).toString();
};

const failure = async (work: Promise<unknown>): Promise<ExitError> => {
  try {
    await work;
  } catch (e) {
    return e as ExitError;
  }
  throw new Error('it did not fail');
};

test('brings the body', async () => {
  server.wrong.set('/file', text('hello'));
  assert.is(await get(), 'hello');
});

test('follows redirects, relative ones too, up to a limit', async () => {
  server.wrong.set('/file', redirect('/a/b'));
  server.wrong.set('/a/b', redirect('c'));
  server.wrong.set('/a/c', text('found'));
  assert.is(await get(), 'found');
  server.wrong.set('/file', redirect('/file'));
  server.asked.length = 0;
  const e = await failure(get());
  assert.is(e.hint, 'more than 5 redirects (releaseRedirectsMax)');
  assert.is(server.asked.length, 6);
});

const silent: Answer = (_req, rsp) => {
  rsp.writeHead(200);
  rsp.write('x');
};
const faults: readonly { name: string; answer: Answer; hint: RegExp; idleMs?: number }[] = [
  { name: 'not found', answer: status(404), hint: /^the server answered 404 Not Found$/ },
  { name: 'a server error', answer: status(500), hint: /^the server answered 500 Internal Server Error$/ },
  { name: 'a redirect to nowhere', answer: status(302), hint: /^the server answered 302 Found$/ },
  {
    name: 'a redirect to a file',
    answer: redirect('file:///etc/passwd'),
    hint: /^redirected to what is no http or https address: file:/,
  },
  {
    name: 'a redirect to no address',
    answer: redirect('http://['),
    hint: /^redirected to what is no http or https address/,
  },
  {
    name: 'too much, said before',
    answer: text('x'.repeat(1_001)),
    hint: /longer than 1000 bytes \(exampleBytesMax\)$/,
  },
  { name: 'too much, not said', answer: endless, hint: /longer than 1000 bytes \(exampleBytesMax\)$/ },
  { name: 'an early end', answer: truncated('y'.repeat(100)), hint: /^the connection ended before the file did$/ },
  { name: 'silence', answer: silent, hint: /^nothing came for 0\.05 s \(releaseIdleMs\)$/, idleMs: 50 },
];
for (const { name, answer, hint, idleMs } of faults)
  test(`${name} ends it with the reason`, async () => {
    server.wrong.set('/file', answer);
    const e = await failure(get({ idleMs }));
    assert.is(e.message, `cannot download ${server.url}/file; nothing was changed`);
    assert.match(e.hint ?? '', hint);
    assert.is(e.exitCode, 1);
  });

test('https never leads to http', () => {
  const secure = new URL('https://x.example/a');
  assert.throws(() => nextHop(secure, 'http://127.0.0.1/b'), /from https to http, which is refused: http:\/\/127/);
  assert.is(nextHop(secure, '//y.example/b').href, 'https://y.example/b');
  assert.is(nextHop(new URL('http://x.example'), 'https://y.example/').href, 'https://y.example/');
});

test('a refused connection says so', async () => {
  const listener = createServer();
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as AddressInfo;
  await new Promise((done) => listener.close(done));
  assert.is((await failure(get({ url: `http://127.0.0.1:${port}/x` }))).hint, 'connection refused');
});

test('an abort ends it with its own reason', async () => {
  const caller = new AbortController();
  server.wrong.set('/file', (_req, rsp) => {
    rsp.writeHead(200);
    rsp.write('x');
    caller.abort(new Error('enough'));
  });
  assert.is((await failure(get({ signal: caller.signal }))).message, 'enough');
});

test('what the writer throws is thrown on', async () => {
  server.wrong.set('/file', text('hello'));
  const write = (): never => {
    throw new Error('disk');
  };
  const { signal } = new AbortController();
  const e = await failure(download({ url: `${server.url}/file`, bytesMax: 9, bound: 'b', signal, write }));
  assert.is(e.message, 'disk');
});

for (const { name, url, want } of [
  { name: 'https', url: 'https://x.example/micro/', want: 'https://x.example/micro' },
  { name: 'http that the user wrote', url: 'http://127.0.0.1:80//', want: 'http://127.0.0.1' },
  { name: 'no address', url: 'x', want: undefined },
  { name: 'a file', url: 'file:///x', want: undefined },
  { name: 'a password', url: 'https://u:p@x.example/', want: undefined },
  { name: 'a query', url: 'https://x.example/?a', want: undefined },
])
  test(`${name} is ${want === undefined ? 'refused' : 'taken'} as the folder of releases`, () => {
    if (want === undefined) assert.throws(() => releaseUrl(url), /MICRO_INSTALL_URL (is|must) /);
    else assert.is(releaseUrl(url), want);
  });

test.run();
