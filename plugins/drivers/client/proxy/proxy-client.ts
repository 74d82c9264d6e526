/** Calls everything through the proxy of the chosen environment, as whoever is logged in there or as the service itself. Picks no nodes: the proxy does. */

import { join } from 'node:path';

import type { Client, ClientOptions } from '../../../../internal/contract/client.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import { insecureWarning } from '../../../../internal/home/insecure-warning.ts';
import { openHome } from '../../../../internal/home/home.ts';
import type { Place } from '../../../../internal/home/place.ts';
import { keepFresh } from '../../../../internal/home/keep-fresh.ts';
import { openSession, type Session } from '../../../../internal/home/session.ts';
import { createRpcClient, type RpcCallOptions, type RpcClient } from '../../../../internal/rpc/client.ts';
import { buildPath } from '../../../../internal/rpc/path.ts';
import { isConnectionFault, isGatewayRefusal } from '../../../../internal/rpc/transport-error.ts';
import { type Caller, explainDenial } from './explain-denial.ts';
import { renewed } from './renewed.ts';
import { requestToken } from '../../../../internal/rpc/request-token.ts';
import type { config } from './plugin.ts';

type Context = PluginContext<typeof config>;

export const create = (ctx: Context): Client & Running => {
  // The home is read at the first call: making a client must not fail for a run that makes none.
  let opened: Session | undefined;
  const rpc = createRpcClient({
    now: ctx.now,
    trustOf: (address) => (opened?.tls && opened.address === address ? opened.trust : undefined),
  });
  const session = (): Session => {
    if (opened === undefined) {
      opened = openOwnSession(ctx, rpc);
      warnOfTrust(opened);
    }
    return opened;
  };
  let endFreshness: (() => void) | undefined;
  return {
    call: async (service, endpoint, request, o = {}) => {
      const to = session();
      let options: RpcCallOptions = {};
      try {
        options = await callOptions(to, o);
        return await rpc.call(addressOf(to, o), buildPath(service, endpoint), request, options);
      } catch (error) {
        throw await explained(error, { token: options.token, session: to, now: ctx.now }, o);
      }
    },
    stream: (service, endpoint, o = {}) => {
      // Whoever opens a stream may stay for hours; calls made later in that time find a good token.
      endFreshness ??= keepFresh({ token: async () => opened?.token() });
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
              : await explained(error, { token: options.token, session: opened, now: ctx.now }, o);
          }
        },
      };
    },
    login: {
      token: () => session().token(),
      explain: () => session().explain(),
      origin: () => session().origin(),
    },
    stop: async () => {
      endFreshness?.();
      await opened?.settle();
      await rpc.close();
    },
  };
};

/** Most errors are neither a denial nor about TLS; what explains the latter is loaded then. The environment has no say about another address. */
const explained = async (
  error: unknown,
  caller: Caller & { readonly session: Session },
  { address, token }: ClientOptions,
): Promise<unknown> => {
  if (!isConnectionFault(error) && !isGatewayRefusal(error))
    return (token === undefined && (await renewed(error, caller))) || explainDenial(error, caller);
  if (address !== undefined) return error;
  const { explainConnection } = await import('./explain-connection.ts');
  return explainConnection(error, caller);
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
    notKept: (error) => ctx.log.warn('the renewed login could not be kept', { error }),
    refresh: (request, issuer) => requestToken(rpc, { address: target(), request, namespace: issuer }),
  });
  return session;
};

/** No log level silences it: who sees the output of such a run must know. */
const warnOfTrust = (place: Place): void => {
  const warning = insecureWarning(place);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
};

const addressOf = (session: Session, o: ClientOptions): string =>
  o.address ?? (session.tls ? `https://${session.address}` : `http://${session.address}`);

const callOptions = async (session: Session, { address: _, token, ...o }: ClientOptions): Promise<RpcCallOptions> => ({
  ...o,
  namespace: o.namespace ?? session.namespace,
  token: token === null ? undefined : (token ?? (await session.token())),
});
