/** Runs Debian's h2load on one gRPC call and reads what it prints. It knows no gRPC: whether answers are whole is judged by their bytes. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { frame } from '../../conformance/raw-grpc.ts';

export interface Load {
  readonly address: string;
  /** Speak TLS, whoever vouches for the certificate. */
  readonly tls?: boolean;
  readonly path: string;
  readonly token: string;
  /** One message, without its gRPC frame. */
  readonly message: Uint8Array;
  readonly connections: number;
  readonly streams: number;
  readonly calls: number;
  /** Windows of 2^n - 1 bytes; default h2load's own, which never close. */
  readonly windowBits?: number;
}

export interface LoadFigures {
  readonly callsPerSecond: number;
  /** DATA bytes of the answers: a gRPC error has none. */
  readonly dataBytes: number;
  readonly seconds: number;
}

export const hasH2load = (): boolean => spawnSync('h2load', ['--version']).status === 0;

/** A number of calls and not a span of time: at the end of a span h2load cuts calls off, and its counts no longer add up. Throws with its output when a call failed. */
export const runLoad = async (o: Load): Promise<LoadFigures> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-h2load-'));
  try {
    const body = join(folder, 'body');
    writeFileSync(body, frame(o.message));
    const output = await run([
      ...amount(o),
      ...request(o, body),
      `${o.tls === true ? 'https' : 'http'}://${o.address}${o.path}`,
    ]);
    return read(output, o.calls);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const amount = (o: Load): readonly string[] => [
  `-n${o.calls}`,
  `-c${o.connections}`,
  `-m${o.streams}`,
  ...(o.windowBits === undefined ? [] : [`-w${o.windowBits}`, `-W${o.windowBits}`]),
];

const request = (o: Load, body: string): readonly string[] => [
  `-d${body}`,
  ...['content-type: application/grpc', 'te: trailers', `authorization: Bearer ${o.token}`].flatMap((h) => ['-H', h]),
];

const run = (args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('h2load', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (d: string) => (output += d));
    child.stderr.setEncoding('utf8').on('data', (d: string) => (output += d));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`h2load ended with ${code}:\n${output}`)),
    );
  });

const read = (output: string, calls: number): LoadFigures => {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(output)?.[1];
    if (found === undefined) throw new Error(`h2load printed no ${pattern}:\n${output}`);
    return Number(found);
  };
  const answered = number(/status codes: (\d+) 2xx/);
  if (answered !== calls || number(/(\d+) succeeded/) !== calls) throw new Error(`calls failed:\n${output}`);
  return {
    callsPerSecond: number(/finished in .*?, ([\d.]+) req\/s/),
    dataBytes: number(/\((\d+)\) data/),
    seconds: secondsOf(/finished in ([\d.]+)(us|ms|s|m)/.exec(output)),
  };
};

const unit: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60 };
const secondsOf = (found: RegExpExecArray | null): number => Number(found?.[1] ?? 0) * (unit[found?.[2] ?? ''] ?? 0);
