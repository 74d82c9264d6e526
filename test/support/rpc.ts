/** JSON calls from a test to a server's proxy, without the command line in between. Owns one client, closed by close(). */

import { createRpcClient } from '../../internal/rpc/client.ts';

export interface RpcCaller {
  /** The access token it calls with. */
  readonly token: string;
  /** `call('store', 'Store.Write', { … })`; throws MicroError. */
  call(service: string, endpoint: string, request?: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Calls as `admin` with the password everybody knows. */
export const openAdminCaller = async (address: string): Promise<RpcCaller> => {
  const client = createRpcClient({});
  const call = async (service: string, endpoint: string, request: object = {}, token?: string) => {
    const path = `/${service}.${endpoint.replace('.', '/')}`;
    const answer = await client.call(address, path, Buffer.from(JSON.stringify(request)), {
      token,
      namespace: 'micro',
      contentType: 'application/grpc+json',
    });
    return JSON.parse(Buffer.from(answer).toString('utf8') || '{}') as Record<string, unknown>;
  };
  const login = { id: 'admin', secret: 'micro', token_expiry: 3_600, options: { namespace: 'micro' } };
  const { token } = (await call('auth', 'Auth.Token', login)) as { token: { access_token: string } };
  return {
    token: token.access_token,
    call: (service, endpoint, request) => call(service, endpoint, request, token.access_token),
    close: () => client.close(),
  };
};
