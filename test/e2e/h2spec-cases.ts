/** Runs h2spec, HTTP/2's conformance suite, against an address and reads which cases fail. Judges nothing. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CaseRun {
  readonly address: string;
  /** Seconds a case waits for what it wants to see. */
  readonly waitSeconds: number;
  /** Speak TLS, whoever vouches for the certificate. */
  readonly tls?: boolean;
  /** Only these sections (`http2/5.1`); default all. */
  readonly sections?: readonly string[];
}

export interface CaseResults {
  /** Cases that ran. */
  readonly count: number;
  /** `section: title`, in the suite's order. */
  readonly failed: readonly string[];
}

const runLimitMs = 110_000;

/** Throws with what h2spec printed when it wrote no report. */
export const runH2spec = async (program: string, o: CaseRun): Promise<CaseResults> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-h2spec-'));
  const report = join(folder, 'report.xml');
  const [host, port] = o.address.split(':') as [string, string];
  const tls = o.tls === true ? ['--tls', '--insecure'] : [];
  const args = [...(o.sections ?? []), ...tls, '-h', host, '-p', port, '-o', String(o.waitSeconds), '-j', report];
  try {
    const output = await new Promise<string>((resolve) => {
      execFile(program, args, { timeout: runLimitMs }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    return readReport(report, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const sectionOf = (name: string): string => name.slice(0, name.indexOf(': '));

/** The report holds bytes of the wire as they came and is then no XML: read by its tags. */
const readReport = (file: string, output: string): CaseResults => {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    throw new Error(`h2spec wrote no report:\n${output}`, { cause });
  }
  const cases = text.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g);
  const run = [...cases].filter(([, , , body]) => !body!.includes('<skipped'));
  const failed = run.filter(([, , , body]) => /<(failure|error)\b/.test(body!));
  return { count: run.length, failed: failed.map(([, section, title]) => `${section}: ${plainText(title!)}`) };
};

const plainText = (text: string): string => text.replaceAll('&#34;', '"').replaceAll('&amp;', '&');
