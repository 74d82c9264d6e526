/** Calls everything through the proxy of the chosen environment, as whoever is logged in there or as the service itself. Picks no nodes: the proxy does. */

import { join } from 'node:path';

import type { Client, ClientOptions } from '../../../../internal/contract/client.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import { openHome } from '../../../../internal/home/home.ts';
import { openSession, type Session } from '../../../../internal/home/session.ts';
import { createRpcClient, type RpcCallOptions, type RpcClient } from '../../../../internal/rpc/client.ts';
import { buildPath } from '../../../../internal/rpc/path.ts';
import { explainDenial } from './explain-denial.ts';
import { requestToken } from './request-token.ts';
import type { config } from './plugin.ts';

type Context = PluginContext<typeof config>;

export const create = (ctx: Context): Client & Running => {
  const rpc = createRpcClient({ now: ctx.now });
  // The home is read at the first call: making a client must not fail for a run that makes none.
  let opened: Session | undefined;
  const session = (): Session => {
    opened ??= openOwnSession(ctx, rpc);
    return opened;
  };
  return {
    call: async (service, endpoint, request, o = {}) => {
      const to = session();
      const options = await callOptions(to, o);
      try {
        return await rpc.call(addressOf(to, o), buildPath(service, endpoint), request, options);
      } catch (error) {
        throw explainDenial(error, { token: options.token, session: to, now: ctx.now });
      }
    },
    stream: (service, endpoint, o = {}) => {
      let options: RpcCallOptions = {};
      const stream = rpc.streamTo(async () => {
        const to = session();
        options = await callOptions(to, o);
        return { address: addressOf(to, o), path: buildPath(service, endpoint), options };
      }, o.signal);
      return {
        ...stream,
        async *[Symbol.asyncIterator]() {
          try {
            yield* stream;
          } catch (error) {
            throw opened === undefined
              ? error
              : explainDenial(error, { token: options.token, session: opened, now: ctx.now });
          }
        },
      };
    },
    login: { token: () => session().token(), explain: () => session().explain() },
    stop: () => rpc.close(),
  };
};

const openOwnSession = (ctx: Context, rpc: RpcClient): Session => {
  const { config_file, env, proxy_address, namespace, auth_id, auth_secret, data_dir } = ctx.config;
  const home = openHome({ configFile: config_file });
  const target = (): string => addressOf(session, {});
  const session: Session = openSession({
    home,
    env,
    address: proxy_address,
    namespace,
    dataRoot: data_dir || join(home.dir, 'server'),
    credentials: auth_id && auth_secret ? { id: auth_id, secret: auth_secret } : undefined,
    now: ctx.now,
    refresh: (request, issuer) => requestToken(rpc, { address: target(), request, namespace: issuer }),
  });
  return session;
};

const addressOf = (session: Session, o: ClientOptions): string =>
  o.address ?? (session.tls ? `https://${session.address}` : `http://${session.address}`);

const callOptions = async (session: Session, { address: _, token, ...o }: ClientOptions): Promise<RpcCallOptions> => ({
  ...o,
  namespace: o.namespace ?? session.namespace,
  token: token === null ? undefined : (token ?? (await session.token())),
});
