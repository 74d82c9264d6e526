/** A server with four namespaces that differ in who calls and by which rules, and the same two services in each: a node that answers at once, and one of the SDK. Owns them all until stop(). */

import { join } from 'node:path';

import { openAdminCaller, type RpcCaller } from '../../support/rpc.ts';
import { type Server, startServer } from '../../support/server.ts';
import { startProgram } from '../wire/program.ts';

export interface CallersPlatform {
  readonly pid: number;
  readonly proxy: string;
  /** An access token of the namespace's own user. */
  token(namespace: Namespace): string;
  /** So many different ones of the same user. */
  tokens(namespace: Namespace, count: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** `open` and `default`: the default rule. `others`: 200 rules, of which the last is about the call. `all`: 200 rules about it, of which the last admits. */
export const namespaces = ['open', 'default', 'others', 'all'] as const;
export type Namespace = (typeof namespaces)[number];

const rulesCount = 200;
const example = join(import.meta.dirname, '..', '..', '..', 'examples', 'everything');

/** `nodeOptions` are the server's own. */
export const startCallersPlatform = async (nodeOptions: readonly string[]): Promise<CallersPlatform> => {
  const server = await startServer({ env: { NODE_OPTIONS: nodeOptions.join(' ') } });
  const node = await startProgram('fast-node.ts', []);
  const admin = await openAdminCaller(server.proxyAddress);
  const tokens = new Map<Namespace, string>();
  for (const namespace of namespaces) {
    await register(admin, namespace, node.firstLine);
    await runExample(server, namespace);
    tokens.set(namespace, await makeUser(admin, namespace));
  }
  for (const namespace of ['others', 'all'] as const) await makeRules(admin, namespace);
  return {
    pid: server.pid,
    proxy: server.proxyAddress,
    token: (namespace) => tokens.get(namespace) ?? '',
    tokens: async (namespace, count) => {
      const made: string[] = [];
      // An access token stands for a secret; each of another life is another text.
      for (let i = 0; i < count; i += 1)
        made.push(await tokenOf(admin, { refresh_token: tokens.get(namespace), token_expiry: 7_200 + i }));
      return made;
    },
    stop: async () => {
      await admin.close();
      await node.stop();
      await server.stop();
    },
  };
};

const register = (admin: RpcCaller, domain: string, address: string): Promise<unknown> =>
  admin.call('registry', 'Registry.Register', {
    name: 'fast',
    version: 'latest',
    nodes: [{ id: 'fast-1', address }],
    options: { domain, ttl: '3600' },
  });

const runExample = async (server: Server, namespace: string): Promise<void> => {
  const env = { MICRO_NAMESPACE: namespace, NODE_OPTIONS: '' };
  const { code, stderr } = await server.micro(['run', '--wait', example], { env });
  if (code !== 0) throw new Error(`micro run in ${namespace}: exit code ${code}: ${stderr}`);
};

const makeUser = async (admin: RpcCaller, namespace: string): Promise<string> => {
  const options = { namespace };
  await admin.call('auth', 'Auth.Generate', { id: 'caller', secret: 'a secret', scopes: ['dev'], options });
  return tokenOf(admin, { id: 'caller', secret: 'a secret', token_expiry: 7_200, options });
};

const tokenOf = async (admin: RpcCaller, request: object): Promise<string> => {
  const { token } = (await admin.call('auth', 'Auth.Token', request)) as { token: { access_token: string } };
  return token.access_token;
};

const makeRules = async (admin: RpcCaller, namespace: 'others' | 'all'): Promise<void> => {
  const options = { namespace };
  const create = (rule: object): Promise<unknown> => admin.call('auth', 'Rules.Create', { rule, options });
  for (let i = 1; i < rulesCount; i += 1)
    await create({
      id: `rule-${i}`,
      scope: `scope-${i}`,
      resource: { type: 'service', name: namespace === 'all' ? '*' : `service-${i}`, endpoint: '*' },
      access: 'GRANTED',
      priority: '10',
    });
  await create({
    id: 'members',
    scope: '*',
    resource: { type: '*', name: '*', endpoint: '*' },
    access: 'GRANTED',
    priority: '1',
  });
  await admin.call('auth', 'Rules.Delete', { id: 'default', options });
};
