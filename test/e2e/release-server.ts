/**
 * Releases for tests: a local HTTP server with the layout the installers expect (docs/guide/install.md), whose answers can be made wrong
 * one by one. Owns its port and remembers what was asked; the programs are small scripts.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** All programs of a release. */
export const assetNames = [
  'micro-linux-x64',
  'micro-linux-arm64',
  'micro-darwin-x64',
  'micro-darwin-arm64',
  'micro-win-x64.exe',
] as const;

export type Answer = (req: IncomingMessage, rsp: ServerResponse) => void;

export interface ReleaseServer {
  /** For MICRO_INSTALL_URL. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Path -> another answer than the release's own; cleared by reset(). */
  readonly wrong: Map<string, Answer>;
  reset(): void;
  close(): Promise<void>;
}

/** What stands in for a program: says its version, as the real one does. */
export const standIn = (version: string): string =>
  `#!/bin/sh\n# ${'padding '.repeat(2_000)}\necho "micro version ${version}"\n`;

/** The last version is the latest. */
export const startReleaseServer = async (versions: readonly string[]): Promise<ReleaseServer> => {
  const files = releaseFiles(versions);
  const asked: string[] = [];
  const wrong = new Map<string, Answer>();
  const server = createServer((req, rsp) => {
    const path = req.url ?? '';
    asked.push(path);
    const answer = wrong.get(path);
    if (answer !== undefined) return answer(req, rsp);
    const body = files.get(path);
    if (body === undefined) return status(404)(req, rsp);
    rsp.writeHead(200, { 'content-length': body.length }).end(req.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    wrong,
    reset: () => {
      asked.length = 0;
      wrong.clear();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
};

const releaseFiles = (versions: readonly string[]): ReadonlyMap<string, Buffer> => {
  const files = new Map<string, Buffer>([['/latest', Buffer.from(`${versions.at(-1)}\n`)]]);
  for (const version of versions) {
    const program = Buffer.from(standIn(version));
    for (const name of assetNames) files.set(`/${version}/${name}`, program);
    files.set(`/${version}/SHA256SUMS`, Buffer.from(sumsOf(program)));
  }
  return files;
};

export const sumsOf = (program: string | Buffer): string => {
  const hash = createHash('sha256').update(program).digest('hex');
  return assetNames.map((name) => `${hash}  ${name}\n`).join('');
};

export const status =
  (code: number): Answer =>
  (_req, rsp) =>
    rsp.writeHead(code).end('no\n');

export const text =
  (body: string): Answer =>
  (_req, rsp) =>
    rsp.writeHead(200).end(body);

/** Says that more will come than does. */
export const truncated =
  (body: string): Answer =>
  (_req, rsp) => {
    rsp.writeHead(200, { 'content-length': body.length });
    rsp.write(body.slice(0, body.length / 2), () => rsp.destroy());
  };

export const redirect =
  (to: string): Answer =>
  (_req, rsp) =>
    rsp.writeHead(302, { location: to }).end();

/** Never stops by itself. */
export const endless: Answer = (_req, rsp) => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  rsp.writeHead(200);
  const more = (): void => {
    while (!rsp.destroyed && rsp.write(chunk));
  };
  rsp.on('drain', more);
  rsp.on('error', () => {
    // The other side had enough.
  });
  more();
};
