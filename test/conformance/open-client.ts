/** Subjects of the client suite: a registry, a router, services behind the real server, and the driver in front of them, directly or through the real proxy. */

import type { Auth, CallerAuth, Rule } from '../../internal/contract/auth.ts';
import type { Client } from '../../internal/contract/client.ts';
import type { LocalCalls } from '../../internal/contract/call-transport.ts';
import { badRequest } from '../../internal/contract/error.ts';
import type { Values } from '../../internal/contract/field.ts';
import type { Host } from '../../internal/contract/host.ts';
import { type Served, serve } from '../../internal/host/serve.ts';
import { plugin as directPlugin } from '../../plugins/drivers/client/direct/plugin.ts';
import { plugin as proxyClientPlugin } from '../../plugins/drivers/client/proxy/plugin.ts';
import { type config as proxyConfig, plugin as proxyPlugin } from '../../plugins/services/proxy/plugin.ts';
import { silentLog, startDriver, startService } from '../support/start-driver.ts';
import type { ClientSubject } from './client.ts';
import { openRegistryRouter } from './open-router.ts';
import type { RouterSubject } from './router.ts';

type Opened<T> = Promise<{ readonly driver: T; close(): Promise<void> }>;

const publicRule: Rule = {
  id: 'default',
  scope: '',
  resource: { type: '*', name: '*', endpoint: '*' },
  access: 'granted',
  priority: 0,
};

/** Knows no token and lets everybody call everything. */
export const openAuth: CallerAuth = {
  inspect: async () => {
    throw badRequest('auth.Auth.Inspect', 'invalid token provided');
  },
  rules: async () => [publicRule],
};

/** A port that was never bound: connections to it are refused. */
const deadAddress = '127.0.0.1:1';

const subjectOf = (
  client: Client,
  { registry }: RouterSubject,
  onServed: (name: string, served: Served) => void = () => undefined,
): ClientSubject => ({
  client,
  serve: async (name, handlers) => {
    const served = await serve({
      services: [{ name, namespace: 'micro', handlers }],
      address: '127.0.0.1:0',
      registry,
      auth: openAuth,
      log: silentLog,
      signal: new AbortController().signal,
    });
    onServed(name, served);
    return served;
  },
  registerDead: (name) =>
    registry.register({
      name,
      version: 'latest',
      metadata: {},
      endpoints: [],
      nodes: [{ id: `${name}-dead`, address: deadAddress, metadata: {} }],
    }),
});

export const openDirectClient = async (): Opened<ClientSubject> => {
  const base = await openRegistryRouter();
  const { instance, stop } = await startDriver(directPlugin, { needs: { router: base.driver.router } });
  return {
    driver: subjectOf(instance, base.driver),
    close: async () => {
      await stop();
      await base.close();
    },
  };
};

/** The real proxy on a free port. */
export const openProxy = async (
  base: RouterSubject,
  auth: CallerAuth = openAuth,
  local: Host['local'] = () => undefined,
  config: Partial<Values<typeof proxyConfig>> = {},
) => {
  const started = await startService(proxyPlugin, {
    needs: { auth: auth as Auth, router: base.router, host: { local } as Host },
    config: { address: '127.0.0.1:0', ...config },
  });
  const address = started.instance.listeners?.()[0]?.address ?? '';
  return { address, stop: started.stop };
};

export const openProxyClient = (): Opened<ClientSubject> => openThroughProxy(new Map());

/** The services run in the proxy's own process. */
export const openLocalProxyClient = (): Opened<ClientSubject> => {
  const local = new Map<string, LocalCalls>();
  return openThroughProxy(local, (name, { calls }) => local.set(name, calls));
};

const openThroughProxy = async (
  local: ReadonlyMap<string, LocalCalls>,
  onServed: (name: string, served: Served) => void = () => undefined,
): Opened<ClientSubject> => {
  const base = await openRegistryRouter();
  const proxy = await openProxy(base.driver, openAuth, (service, namespace) =>
    namespace === 'micro' ? local.get(service) : undefined,
  );
  const { instance, stop } = await startDriver(proxyClientPlugin, {
    config: { proxy_address: proxy.address, config_file: '/nonexistent/config.json', data_dir: '/nonexistent' },
  });
  return {
    driver: subjectOf(instance, base.driver, onServed),
    close: async () => {
      await stop();
      await proxy.stop();
      await base.close();
    },
  };
};
