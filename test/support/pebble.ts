/**
 * pebble, a certificate authority made for tests of ACME, with a DNS server that leads every name to this machine. Owns the process, the DNS
 * server and its folder; proofs are asked for on the port of the caller's own listener.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { standIn } from '../../internal/tls/acme/stand-in.ts';
import { freePort } from './free-port.ts';
import { poll } from './poll.ts';

export interface PebbleOptions {
  /** The program: `goProgram('pebble')`. */
  readonly file: string;
  /** Where it looks for the answers to tls-alpn-01. */
  readonly tlsPort: number;
  /** How long its certificates are valid; default 90 days. */
  readonly validSeconds?: number;
  /** Names it issues nothing for. */
  readonly blocked?: readonly string[];
  /** Of a hundred good nonces it refuses so many; default 5. */
  readonly noncesRefused?: number;
  /** Port of the directory; default a free one. */
  readonly port?: number;
}

export interface Pebble {
  readonly directory: string;
  readonly port: number;
  /** A file with the certificate that vouches for the directory. */
  readonly caFile: string;
  readonly ca: string;
  /** PEM of the root above what it issues; another one in each process. */
  root(): Promise<string>;
  /** What it has printed so far: one line for each request. */
  output(): string;
  /** Ends the process; its files stay. */
  halt(): Promise<void>;
  /** Safe after halt, and twice. */
  stop(): Promise<void>;
}

export const startPebble = async (o: PebbleOptions): Promise<Pebble> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-pebble-'));
  const own = await standIn(['localhost'], Date.now() - 60_000);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const caFile = file('ca.pem', own.cert);
  const [port, managementPort] = [o.port ?? (await freePort()), await freePort()];
  const configuration = {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: caFile,
      privateKey: file('key.pem', own.key),
      httpPort: 1,
      tlsPort: o.tlsPort,
      keyAlgorithm: 'ecdsa',
      domainBlocklist: o.blocked ?? [],
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: 'as told', validityPeriod: o.validSeconds ?? 90 * 24 * 3_600 } },
    },
  };
  const dns = await startDns();
  const child = spawn(
    o.file,
    ['-config', file('pebble.json', JSON.stringify(configuration)), '-dnsserver', dns.address],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: String(o.noncesRefused ?? 5) },
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const stop = async (): Promise<void> => {
    await end(child);
    await dns.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const directory = `https://localhost:${port}/dir`;
  try {
    await poll('pebble to answer', async () => {
      if (child.exitCode !== null) throw new Error(output);
      return (await get(directory, own.cert)).length > 0;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directory,
    port,
    caFile,
    ca: own.cert,
    root: () => get(`https://localhost:${managementPort}/roots/0`, own.cert),
    output: () => output,
    halt: () => end(child),
    stop,
  };
};

const get = (url: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
};

const typeA = 1;
const headBytes = 12;

/** Answers each question: 127.0.0.1 for an A record, nothing for any other. Over TCP, as pebble asks. */
const startDns = async (): Promise<{ readonly address: string; stop(): Promise<void> }> => {
  const server = createServer((socket) => {
    let waiting = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (part) => {
      waiting = Buffer.concat([waiting, part]);
      const end = waiting.length < 2 ? Number.POSITIVE_INFINITY : 2 + waiting.readUInt16BE(0);
      if (waiting.length < end) return;
      const answer = dnsAnswer(waiting.subarray(2, end));
      waiting = waiting.subarray(end);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    // Says so when it is closed already, which is as good.
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

const dnsAnswer = (question: Buffer): Buffer => {
  let at = headBytes;
  while (question[at] !== 0) at += (question[at] as number) + 1;
  const asked = question.subarray(headBytes, at + 5);
  const isA = question.readUInt16BE(at + 1) === typeA;
  const head = Buffer.alloc(headBytes);
  question.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  // The name of the question, class IN, a minute, four bytes of address.
  const record = Buffer.from([0xc0, headBytes, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat(isA ? [head, asked, record] : [head, asked]);
};
