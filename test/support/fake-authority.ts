/**
 * A certificate authority over real HTTPS that answers as a test says: for refusals and hostile answers that a well-behaved one never gives. It
 * checks no signatures and issues nothing. Owns its port.
 */

import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { standIn } from '../../internal/tls/acme/stand-in.ts';

/** What one path answers: JSON or text with a status and headers, or whatever the function does. */
export type FakeAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly json?: unknown;
      readonly text?: string;
    }
  | ((response: ServerResponse) => void);

export interface FakeAuthority {
  readonly origin: string;
  readonly directory: string;
  readonly ca: string;
  /** `METHOD /path`, in order of arrival. */
  readonly requests: readonly string[];
  /** From now on. */
  answer(path: string, answer: FakeAnswer): void;
  stop(): Promise<void>;
}

export const startFakeAuthority = async (
  answers: Readonly<Record<string, FakeAnswer>> = {},
): Promise<FakeAuthority> => {
  const own = await standIn(['localhost'], Date.now() - 60_000);
  const requests: string[] = [];
  const table = new Map<string, FakeAnswer>();
  const server: Server = createHttpsServer({ key: own.key, cert: own.cert }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    response.setHeader('Replay-Nonce', 'bm9uY2U');
    const answer = table.get(request.url ?? '') ?? { status: 404, json: { type: 'malformed', detail: 'no such path' } };
    if (typeof answer === 'function') return answer(response);
    const { status = 200, headers = {}, json, text } = answer;
    response.writeHead(status, { 'content-type': json === undefined ? 'text/plain' : 'application/json', ...headers });
    response.end(text ?? JSON.stringify(json));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  for (const [path, answer] of Object.entries({ ...goodAnswers(origin), ...answers })) table.set(path, answer);
  return {
    origin,
    directory: `${origin}/dir`,
    ca: own.cert,
    requests,
    answer: (path, answer) => void table.set(path, answer),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** As far as an order for a.example whose proof nobody has asked for yet. */
const goodAnswers = (origin: string): Readonly<Record<string, FakeAnswer>> => ({
  '/dir': {
    json: Object.fromEntries(
      Object.entries({ newNonce: 'nonce', newAccount: 'account', newOrder: 'new-order' }).map(([k, path]) => [
        k,
        `${origin}/${path}`,
      ]),
    ),
  },
  '/nonce': { text: '' },
  '/account': { status: 201, headers: { location: `${origin}/account/1` }, json: { status: 'valid' } },
  '/new-order': { status: 201, headers: { location: `${origin}/order` }, json: goodOrder(origin) },
  '/order': { json: goodOrder(origin) },
  '/authorization': { json: goodAuthorization(origin) },
  '/challenge': { json: { type: 'tls-alpn-01', status: 'processing', url: `${origin}/challenge`, token: 'abc' } },
});

export const goodOrder = (origin: string): Readonly<Record<string, unknown>> => ({
  status: 'pending',
  identifiers: [{ type: 'dns', value: 'a.example' }],
  authorizations: [`${origin}/authorization`],
  finalize: `${origin}/finalize`,
});

export const goodAuthorization = (origin: string): Readonly<Record<string, unknown>> => ({
  status: 'pending',
  identifier: { type: 'dns', value: 'a.example' },
  challenges: [
    { type: 'http-01', status: 'pending', url: `${origin}/other`, token: 'abc' },
    { type: 'tls-alpn-01', status: 'pending', url: `${origin}/challenge`, token: 'abc' },
  ],
});
