/** The server and the two services that the wire benchmark calls, on free ports with a home of their own. Owns them all until stop(). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { openAdminCaller } from '../../support/rpc.ts';
import { startServer } from '../../support/server.ts';

export interface Platform {
  readonly token: string;
  /** The server's process. */
  readonly pid: number;
  /** What stands at :8081 elsewhere. */
  readonly proxy: string;
  /** The listener on which the core services are served by grpc-js. */
  readonly core: string;
  /** The service's own address. */
  node(service: string): string;
  /** Calls and failed calls the service has counted. */
  stats(service: string): Promise<{ readonly requests: number; readonly errors: number }>;
  call(service: string, endpoint: string, request: object): Promise<Record<string, unknown>>;
  /** Everything the server has printed. */
  output(): string;
  stop(): Promise<void>;
}

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
const services = ['everything', 'helloworld'];

export interface PlatformOptions {
  /** The server's own: `--cpu-prof`, `--inspect`. */
  readonly nodeOptions?: readonly string[];
  /** Settings of the server. */
  readonly env?: Readonly<Record<string, string>>;
}

export const startPlatform = async (o: PlatformOptions = {}): Promise<Platform> => {
  const server = await startServer({ env: { ...o.env, NODE_OPTIONS: o.nodeOptions?.join(' ') } });
  try {
    for (const name of services) {
      // Only the server is profiled.
      const { code, stderr } = await server.micro(['run', '--wait', join(examples, name)], {
        env: { NODE_OPTIONS: '' },
      });
      if (code !== 0) throw new Error(`micro run ${name}: exit code ${code}: ${stderr}`);
    }
    const caller = await openAdminCaller(server.proxyAddress);
    const nodes = new Map<string, string>();
    for (const name of services) {
      const found = await caller.call('registry', 'Registry.GetService', { service: name });
      nodes.set(name, (found as unknown as FoundServices).services[0]!.nodes[0]!.address);
    }
    return {
      token: caller.token,
      pid: server.pid,
      output: server.output,
      proxy: server.proxyAddress,
      core: coreAddress(server.dataDir),
      node: (service) => nodes.get(service) ?? '',
      call: caller.call,
      stats: async (service) => {
        const { requests, errors } = await caller.call(service, 'Debug.Stats');
        return { requests: Number(requests), errors: Number(errors) };
      },
      stop: async () => {
        await caller.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

interface FoundServices {
  readonly services: readonly { readonly nodes: readonly { readonly address: string }[] }[];
}

const coreAddress = (dataDir: string): string => {
  const { listeners } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as {
    readonly listeners: readonly { readonly name: string; readonly address: string }[];
  };
  const found = listeners.find((l) => l.name === 'services');
  if (found === undefined) throw new Error('server.json has no listener called services');
  return found.address;
};
