/**
 * The three ways to a service of a server: the proxy, the HTTP API, and the service's own listener. Sends headers as they are given, JSON bodies, and tells
 * what came back in one form. Owns its connections, closed by close().
 */

import type { ClientHttp2Session } from 'node:http2';
import { Agent, request as httpRequest } from 'node:http';

import { frame, openSession } from '../conformance/raw-grpc.ts';
import { openAdminCaller } from './rpc.ts';
import type { Server } from './server.ts';

export interface Ask {
  readonly service: string;
  /** `Type.Method`. */
  readonly endpoint: string;
  readonly request?: object;
  /** The access token; see `headers` for anything else than `Bearer TOKEN`. */
  readonly token?: string;
  /** Default `micro`; null sends no namespace. */
  readonly namespace?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** The listener that is called directly, where it is not that of the service in `namespace`. */
  readonly address?: string;
  /** The gRPC path, where it is not made of service and endpoint. */
  readonly path?: string;
}

export interface Answer {
  /** 200 for a first message or a good end, else that of the error; 0 when the peer cut the call. */
  readonly code: number;
  readonly id: string;
  readonly detail: string;
  /** The denial's machine-readable word. */
  readonly reason: string;
}

export const wayNames = ['proxy', 'api', 'direct'] as const;
export type WayName = (typeof wayNames)[number];
export type Way = (ask: Ask) => Promise<Answer>;

export interface Ways extends Readonly<Record<WayName, Way>> {
  /** The listener of a service of namespace `micro`, or of the one that is named. */
  addressOf(service: string, namespace?: string): Promise<string>;
  close(): Promise<void>;
}

export const openWays = async (server: Server): Promise<Ways> => {
  const admin = await openAdminCaller(server.proxyAddress);
  const sessions = new Map<string, ClientHttp2Session>();
  const addresses = new Map<string, Promise<string>>();
  const agent = new Agent({ keepAlive: true });

  const sessionTo = (address: string): ClientHttp2Session => {
    const known = sessions.get(address);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const opened = openSession(address);
    sessions.set(address, opened);
    return opened;
  };

  const lookUp = async (service: string, domain: string): Promise<string> => {
    const found = await admin.call('registry', 'Registry.GetService', { service, options: { domain } });
    const [node] = (found as { services: readonly { nodes: readonly { address: string }[] }[] }).services.flatMap(
      (s) => s.nodes,
    );
    if (node === undefined) throw new Error(`${service} of ${domain} has no node`);
    return node.address;
  };

  const addressOf = (service: string, domain = 'micro'): Promise<string> => {
    const key = `${domain} ${service}`;
    const found = addresses.get(key) ?? lookUp(service, domain);
    addresses.set(key, found);
    return found;
  };

  return {
    addressOf,
    proxy: async (ask) => callGrpc(sessionTo(server.proxyAddress), ask),
    direct: async (ask) =>
      callGrpc(sessionTo(ask.address ?? (await addressOf(ask.service, ask.namespace ?? 'micro'))), ask),
    api: (ask) => callHttp(server.apiAddress, agent, ask),
    close: async () => {
      for (const session of sessions.values()) session.destroy();
      agent.destroy();
      await admin.close();
    },
  };
};

const headersOf = ({ token, namespace = 'micro', headers }: Ask): Record<string, string> => ({
  ...(namespace !== null && { 'micro-namespace': namespace }),
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
  ...headers,
});

const good: Answer = { code: 200, id: '', detail: '', reason: '' };

/** The error in a text; what is no error of ours is told as it stands. */
const errorIn = (text: string, otherwise: number): Answer => {
  try {
    const { code, id, detail, reason = '' } = JSON.parse(text);
    return { code, id, detail, reason };
  } catch {
    return { code: otherwise, id: '', detail: text, reason: '' };
  }
};

/** Opens the call as a stream and settles with the first message or the end. */
const callGrpc = (session: ClientHttp2Session, ask: Ask): Promise<Answer> =>
  new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': ask.path ?? `/${ask.service}.${ask.endpoint.replace('.', '/')}`,
      'content-type': 'application/grpc+json',
      te: 'trailers',
      ...headersOf(ask),
    });
    const settle = (answer: Answer): void => {
      resolve(answer);
      stream.close();
    };
    const onHead = (head: Readonly<Record<string, unknown>>): void => {
      const status = head['grpc-status'];
      if (status === '0') settle(good);
      else if (status !== undefined) settle(errorIn(decodeURIComponent(String(head['grpc-message'] ?? '')), -1));
    };
    stream.on('response', onHead);
    stream.on('trailers', onHead);
    stream.on('data', () => settle(good));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ ...good, code: 0, detail: `reset ${stream.rstCode}` }));
    stream.end(frame(JSON.stringify(ask.request ?? {})));
  });

const callHttp = (address: string, agent: Agent, ask: Ask): Promise<Answer> =>
  new Promise((resolve) => {
    const sent = httpRequest(
      `http://${address}/${ask.service}/${ask.endpoint.replace('.', '/')}`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headersOf(ask) } },
      (response) => {
        const status = response.statusCode ?? 0;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          // A stream goes on after its first message.
          if (status === 200) finish();
        });
        const finish = (): void => {
          resolve(status === 200 ? good : errorIn(text, status));
          if (status === 200 && !response.complete) sent.destroy();
        };
        response.on('end', finish);
      },
    );
    sent.on('error', (e) => resolve({ ...good, code: 0, detail: e.message }));
    sent.end(JSON.stringify(ask.request ?? {}));
  });
