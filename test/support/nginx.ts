/** Debian's nginx with one worker, as a gRPC proxy before one node or with a page of its own: what our own proxy is measured against. Owns its process and its folder. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './free-port.ts';
import { poll } from './poll.ts';
import { accepts } from './tcp.ts';

export interface Nginx {
  readonly address: string;
  readonly version: string;
  /** The process that starts the worker. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Debian puts it where ordinary users do not look. */
const places = ['nginx', '/usr/sbin/nginx'];

/** The program to start, and its version; undefined where there is none. */
export const findNginx = (): { readonly program: string; readonly version: string } | undefined => {
  for (const program of places) {
    const { status, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8' });
    if (status === 0) return { program, version: /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'unknown' };
  }
  return undefined;
};

export interface NginxTls {
  /** PEM files. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates that clients must show. */
  readonly clientCa?: string;
}

/** Starts it in front of `node` (host:port), or with a page at `/`; it speaks HTTP/2, without TLS by prior knowledge. Throws where it is not installed. */
export const startNginx = async (node?: string, tls?: NginxTls): Promise<Nginx> => {
  const found = findNginx();
  if (found === undefined) throw new Error('nginx is not installed: apt-get install nginx-light');
  const folder = mkdtempSync(join(tmpdir(), 'micro-nginx-'));
  const address = `127.0.0.1:${await freePort()}`;
  for (const name of ['client', 'proxy', 'fastcgi', 'uwsgi', 'scgi', 'html']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'html', 'index.html'), 'x'.repeat(pageBytes));
  writeFileSync(join(folder, 'nginx.conf'), configuration({ folder, address, node, tls }));
  const child = spawn(found.program, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await poll('nginx to listen', () => child.exitCode === null && accepts(address), 10_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, version: found.version, pid: child.pid!, stop };
};

const pageBytes = 5_000;

/** A page may be posted to: conformance suites do that. */
const page = 'index index.html; error_page 405 =200 $uri;';
const before = (node: string): string => `grpc_pass grpc://${node}; grpc_read_timeout 1h; grpc_send_timeout 1h;`;
const upstream = (node: string): string =>
  `upstream node { server ${node}; keepalive 256; keepalive_requests 1000000000; }`;

/** Nothing is logged, connections to the node are kept, and none is closed for the number of its requests. */
const configuration = (o: {
  readonly folder: string;
  readonly address: string;
  readonly node?: string;
  readonly tls?: NginxTls;
}): string => `
daemon off;
master_process on;
worker_processes 1;
pid ${o.folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${o.folder}/client;
  proxy_temp_path ${o.folder}/proxy;
  fastcgi_temp_path ${o.folder}/fastcgi;
  uwsgi_temp_path ${o.folder}/uwsgi;
  scgi_temp_path ${o.folder}/scgi;
  keepalive_requests 1000000000;
  ${o.node === undefined ? '' : upstream(o.node)}
  server {
    listen ${o.address} ${o.tls === undefined ? '' : 'ssl '}http2;
    ${o.tls === undefined ? '' : certificates(o.tls)}
    client_max_body_size 0;
    http2_max_concurrent_streams 1000;
    root ${o.folder}/html;
    location / { ${o.node === undefined ? page : before('node')} }
  }
}
`;

const certificates = ({ cert, key, clientCa }: NginxTls): string =>
  `ssl_certificate ${cert}; ssl_certificate_key ${key};${clientCa === undefined ? '' : ` ssl_client_certificate ${clientCa}; ssl_verify_client on;`}`;

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await once(child, 'exit');
  clearTimeout(timer);
};
