/** Runs install.sh for tests, as `curl … | sh` does: each test in a fresh folder of one temporary place, against one local server. Owns both. */

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type ReleaseServer, standIn, startReleaseServer } from './release-server.ts';
import { type Kit, kitsIn, type Ran, runWith, toolFolder } from './shell-kit.ts';

/** install.sh itself, and its text. */
export const scriptFile = join(import.meta.dirname, '..', '..', 'install.sh');
export const script = readFileSync(scriptFile, 'utf8');
/** What the release calls the program for this machine, and the version that is the latest there. */
export const asset = `micro-${process.platform}-${process.arch}`;
export const latest = 'v0.2.0';

export interface InstallOptions {
  /** Default: the first one. */
  readonly kit?: Kit;
  readonly args?: readonly string[];
  /** Added to PATH, MICRO_INSTALL_URL and MICRO_INSTALL_DIR; undefined takes one of them away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the script. */
  readonly stdin?: string;
  readonly uid?: number;
}

export interface Installer {
  readonly server: ReleaseServer;
  readonly kits: readonly Kit[];
  /** Everything is below it, and it is where the script runs. */
  readonly folder: string;
  /** For the next test: a server that is right again, and the path of a folder to install into, which is not there yet. */
  fresh(): string;
  install(o?: InstallOptions): Promise<Ran>;
  /** A copy of the first kit that a test may change. */
  ownKit(): Kit;
  /** v0.1.0 is installed. */
  haveOld(): void;
  /** Asserts that v0.1.0 is still installed and nothing else is there. */
  untouched(): void;
  /** Text of an installed file. */
  program(name?: string): string;
  close(): Promise<void>;
}

/** Call close() at the end. */
export const openInstaller = async (): Promise<Installer> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-install-'));
  // Another user runs the script in one of the tests.
  chmodSync(folder, 0o755);
  const server = await startReleaseServer(['v0.1.0', latest]);
  const kits = kitsIn(join(folder, 'kits'));
  const [first] = kits;
  if (first === undefined) throw new Error('this machine has no shell to run install.sh with');
  let count = 0;
  let bin = '';
  const program = (name = 'micro'): string => readFileSync(join(bin, name), 'utf8');
  return {
    server,
    kits,
    folder,
    fresh: () => {
      server.reset();
      count += 1;
      bin = join(folder, `bin-${count}`);
      return bin;
    },
    install: ({ kit = first, args, env, stdin = script, uid } = {}) => {
      const words = args ? ['-s', '--', ...args] : [];
      const base = { PATH: kit.path, MICRO_INSTALL_URL: server.url, MICRO_INSTALL_DIR: bin };
      return runWith([...kit.shell, ...words], { cwd: folder, env: { ...base, ...env }, stdin, uid });
    },
    ownKit: () => {
      const tools = [...readdirSync(first.path), 'sysctl'];
      return { ...first, path: toolFolder(join(folder, `tools-${count}`), tools) };
    },
    haveOld: () => {
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'micro'), standIn('v0.1.0'), { mode: 0o755 });
    },
    untouched: () => {
      assert.equal(readdirSync(bin), ['micro'], 'no temporary file stays');
      assert.is(program(), standIn('v0.1.0'));
    },
    program,
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
