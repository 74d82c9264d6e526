/**
 * What a service under test needs to live, without a server: a place to register at, and a client that asks for its health.
 * The services are real processes that run one small script; a builder that knows only this script starts them.
 */

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { Builder } from '../../internal/contract/builder.ts';
import type { Client } from '../../internal/contract/client.ts';
import { badRequest, unavailable } from '../../internal/contract/error.ts';
import type { Registry } from '../../internal/contract/registry.ts';

/** What a process said about itself when it registered. */
export interface Instance {
  readonly name: string;
  readonly version: string;
  readonly namespace: string;
  readonly pid: number;
  readonly port: number;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface RuntimePlatform {
  /** To be given to each service as variable PLATFORM. */
  readonly url: string;
  /** Every registration so far, oldest first. */
  readonly instances: readonly Instance[];
  readonly client: Client;
  readonly builder: Builder;
  close(): Promise<void>;
}

export const openPlatform = async (registry: Registry): Promise<RuntimePlatform> => {
  const instances: Instance[] = [];
  const server = createServer(async (req, rsp) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const instance = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Instance;
    const { name, version, namespace, pid, port } = instance;
    const node = { id: `${name}-${pid}`, address: `127.0.0.1:${port}`, metadata: { pid: String(pid) } };
    const service = { name, version, metadata: {}, endpoints: [], nodes: [node] };
    if (req.url === '/register') {
      instances.push(instance);
      await registry.register(service, { domain: namespace });
    } else await registry.deregister(service, { domain: namespace });
    rsp.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    instances,
    client: healthClient,
    builder: scriptBuilder,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Whoever accepts a connection at the address is in good health. */
const healthClient: Client = {
  call: (service, _endpoint, _request, o = {}) =>
    new Promise((resolve, reject) => {
      const [host, port] = (o.address ?? '').split(':');
      const socket = connect(Number(port), host);
      socket.once('connect', () => {
        socket.destroy();
        resolve(new Uint8Array());
      });
      socket.once('error', (e) => reject(unavailable('go.micro.client', `${service}: ${e.message}`)));
    }),
  stream: () => {
    throw new Error('the runtime opens no streams');
  },
};

/** A line `fault at L:C` in the script is a fault of the build. */
const scriptBuilder: Builder = {
  name: 'script',
  detect: async (folder) => existsSync(join(folder, 'service.mjs')),
  build: async ({ folder, cacheDir }) => {
    await mkdir(cacheDir, { recursive: true });
    await writeFile(join(cacheDir, 'made'), '');
    const text = await readFile(join(folder, 'service.mjs'), 'utf8');
    const fault = /fault at (\d+:\d+)/.exec(text)?.[1];
    if (fault !== undefined) throw badRequest('test.builder', `service.mjs:${fault}: this does not build`);
    return { command: process.execPath, args: ['service.mjs'], cwd: folder, env: {}, endsWithParent: true };
  },
};

/** The script of a service. `first` runs before it registers, `after` after. */
export const script = (
  o: { readonly first?: string; readonly after?: string; readonly label?: string } = {},
): string => `
import { createServer } from 'node:net';
const { PLATFORM, MICRO_SERVICE_NAME: name, MICRO_SERVICE_VERSION: version, MICRO_NAMESPACE: namespace } = process.env;
process.on('disconnect', () => process.exit(9));
console.log('label ${o.label ?? 'one'}');
${o.first ?? ''}
const server = createServer((socket) => socket.on('error', () => {}));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const self = { name, version, namespace, pid: process.pid, port: server.address().port, args: process.argv.slice(2), cwd: process.cwd(), env: process.env };
const tell = (what) => fetch(PLATFORM + '/' + what, { method: 'POST', body: JSON.stringify(self) }).then((rsp) => rsp.text());
process.on('SIGTERM', async () => {
  console.log('stopping ${o.label ?? 'one'}');
  await tell('deregister');
  process.exit(0);
});
await tell('register');
console.log('ready ${o.label ?? 'one'}');
${o.after ?? ''}
`;

export interface ArchiveEntry {
  readonly path: string;
  readonly body?: string;
  /** ustar type flag: 0 file, 2 symbolic link, 3 device, 5 folder. */
  readonly type?: string;
  readonly link?: string;
}

const blockBytes = 512;

/** A tar of these entries, however odd they are; its checksums are right. */
export const archive = (entries: readonly ArchiveEntry[], o: { readonly gzip?: boolean } = {}): Buffer => {
  const tar = Buffer.concat([...entries.map(entryBytes), Buffer.alloc(2 * blockBytes)]);
  return o.gzip ? gzipSync(tar) : tar;
};

/** An archive of one script. */
export const scriptArchive = (text: string, o: { readonly gzip?: boolean } = {}): Buffer =>
  archive([{ path: 'service.mjs', body: text }], o);

const entryBytes = ({ path, body = '', type = '0', link = '' }: ArchiveEntry): Buffer => {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits - 1, '0')}\0`;
  const content = Buffer.from(body);
  header.write(path, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padded = Buffer.alloc(Math.ceil(content.length / blockBytes) * blockBytes);
  content.copy(padded);
  return Buffer.concat([header, padded]);
};
