/**
 * `npm run go-fixtures [name…]`: builds the Go programs of go-programs.ts, each once per content, into node_modules/.cache/micro-go; tests find them there.
 * Owns that folder and the lock that keeps two processes from building at once. Go's own caches stay where Go keeps them for this user.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

import { type FolderLock, isHolder, lockFolder } from '../internal/process/folder-lock.ts';
import { type GoProgram, type GoProgramName, goPrograms } from './go-programs.ts';

const root = join(import.meta.dirname, '..');
const cache = join(root, 'node_modules', '.cache', 'micro-go');
const modules = join(root, 'test', 'fixture', 'go');
/** No symbols, no paths of this machine; no C, so that a Go alone is enough. */
const buildFlags: readonly string[] = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'];
/** Milliseconds for one program with nothing in any cache, when nobody waits for it. */
const unhurriedMs = 15 * 60_000;
const versionLimitMs = 20_000;
const lockPollMs = 100;
/** Programs kept per name: other checkouts on the same node_modules may stand on another version. */
const versionsMax = 4;
const outputBytesMax = 16 * 1024 * 1024;

/** `absent`: nothing is wrong with the sources, this machine cannot build them (no Go, no network, no time). */
export type GoBuild = { readonly file: string } | { readonly absent: string };

/** The program's file, built if need be within `limitMs`. Rejects with the compiler's words when the sources do not build. */
export const buildGoProgram = (name: GoProgramName, limitMs: number = unhurriedMs): Promise<GoBuild> =>
  buildOnce({ name, program: goPrograms[name], modules, cache }, limitMs);

export interface Job {
  readonly name: string;
  readonly program: GoProgram;
  /** The folder that holds the modules, and the one for what is built of them. */
  readonly modules: string;
  readonly cache: string;
}

/** The same for any module anywhere. */
export const buildOnce = async (job: Job, limitMs: number): Promise<GoBuild> => {
  const until = Date.now() + limitMs;
  const go = goCommand();
  if (go === undefined) return { absent: 'this machine has no Go' };
  const version = await run(go, ['version'], root, versionLimitMs);
  if (version.fault !== undefined) return { absent: `go version fails: ${version.fault}` };
  const file = join(job.cache, `${job.name}-${hashOf(job, version.output)}${exe}`);
  if (existsSync(file)) return { file };
  const lock = await takeLock(job.cache, until);
  if (lock === undefined) return { absent: `another process is building Go programs; ${wayOut}` };
  try {
    return existsSync(file) ? { file } : await build(job, go, file, Math.max(until - Date.now(), 1));
  } finally {
    lock.release();
  }
};

const wayOut = 'npm run go-fixtures builds them ahead of the tests';
const exe = process.platform === 'win32' ? '.exe' : '';

const build = async (job: Job, go: string, file: string, limitMs: number): Promise<GoBuild> => {
  const { module, package: path } = job.program;
  const draft = `${file}.draft`;
  const made = await run(go, ['build', ...buildFlags, '-o', draft, path], join(job.modules, module), limitMs);
  if (made.timedOut) return { absent: `building ${job.name} takes more than ${limitMs / 1_000} s; ${wayOut}` };
  if (made.fault !== undefined) {
    const lineThat = (says: RegExp): string | undefined =>
      made.output
        .split('\n')
        .find((l) => says.test(l))
        ?.trim();
    const [old, lost] = [lineThat(tooOld), lineThat(noNetwork)];
    if (old !== undefined) return { absent: `this Go is too old: ${old}` };
    if (lost !== undefined) return { absent: `the Go module proxy cannot be reached: ${lost}` };
    throw new Error(`go build ${path} in ${module}: ${made.fault}\n${made.output}`);
  }
  renameSync(draft, file);
  forgetOld(job);
  return { file };
};

/** What `go` says of a module that wants a newer one, which it may or may not fetch by itself. */
const tooOld = /requires go >= |toolchain not available/;

/** What `go` says when a module is not here and cannot be fetched. */
const noNetwork =
  /dial tcp|no such host|i\/o timeout|TLS handshake|proxyconnect|network is unreachable|lookup disabled by GOPROXY=off|: (403|407|429|5\d\d) [A-Z]/;

/** The `go` that builds: of PATH, or where its own installer puts it. */
export const goCommand = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/local/go/bin']
    .map((folder) => join(folder, `go${exe}`))
    .find((file) => existsSync(file));

/** Whatever the result depends on: the compiler, how it is called, and every file of the module. */
const hashOf = (job: Job, goVersion: string): string => {
  const folder = join(job.modules, job.program.module);
  const hash = createHash('sha256').update(JSON.stringify([goVersion, buildFlags, job.program.package]));
  for (const file of globSync('**/*', { cwd: folder }).sort()) {
    const full = join(folder, file);
    if (statSync(full).isFile()) hash.update(JSON.stringify([file])).update(readFileSync(full));
  }
  return hash.digest('hex').slice(0, 16);
};

const forgetOld = ({ name, cache }: Job): void => {
  const files = globSync(`${name}-${'[0-9a-f]'.repeat(16)}*`, { cwd: cache }).map((file) => join(cache, file));
  const age = (file: string): number => statSync(file).mtimeMs;
  for (const file of files.sort((a, b) => age(b) - age(a)).slice(versionsMax)) rmSync(file, { force: true });
};

const takeLock = async (cache: string, until: number): Promise<FolderLock | undefined> => {
  mkdirSync(cache, { recursive: true });
  for (;;) {
    const held = lockFolder({ folder: join(cache, 'locks'), name: 'lock', conflicts: () => true });
    if (!isHolder(held)) return held;
    if (Date.now() > until) return undefined;
    await new Promise((r) => setTimeout(r, lockPollMs));
  }
};

interface Ran {
  readonly output: string;
  readonly fault?: string;
  readonly timedOut: boolean;
}

const run = (file: string, args: readonly string[], cwd: string, timeout: number): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { cwd, env: goEnvironment(), timeout, killSignal: 'SIGINT', maxBuffer: outputBytesMax } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      const timedOut = error?.killed === true;
      resolve({ output: stdout + stderr, timedOut, ...(error && { fault: error.message.split('\n')[0] }) });
    });
  });

/** For tests whose subject calls go itself: where this user's caches are, and how our programs are compiled, so that little is left to do. */
export const goSettings = async (): Promise<Readonly<Record<string, string>>> => {
  const go = goCommand();
  if (go === undefined) return {};
  const told = await run(go, ['env', '-json', 'GOCACHE', 'GOMODCACHE'], root, versionLimitMs);
  if (told.fault !== undefined) throw new Error(`go env: ${told.fault}`);
  const caches = JSON.parse(told.output) as Readonly<Record<string, string>>;
  return { ...caches, CGO_ENABLED: '0', GOFLAGS: '-trimpath', GOPROXY: 'off', GOTOOLCHAIN: 'local' };
};

/** Go finds its caches and settings through HOME. That of a test is new each time, so the user's own it is, or ours where that one cannot be written. */
const goEnvironment = (): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: homeForGo(), CGO_ENABLED: '0', GOWORK: 'off' };
  // For this machine, whatever the caller is cross-compiling.
  delete env.GOOS;
  delete env.GOARCH;
  return env;
};

const homeForGo = (): string => {
  try {
    const home = userInfo().homedir;
    accessSync(home, constants.W_OK);
    return home;
  } catch {
    // No entry in the password file, or a home of nobody.
    return cache;
  }
};

const isName = (text: string): text is GoProgramName => Object.hasOwn(goPrograms, text);

const main = async (words: readonly string[]): Promise<number> => {
  const unknown = words.filter((w) => !isName(w));
  if (unknown.length > 0) {
    console.error(`no such Go program: ${unknown.join(' ')}; there are: ${Object.keys(goPrograms).join(' ')}`);
    return 1;
  }
  const names = words.length > 0 ? words.filter(isName) : Object.keys(goPrograms).filter(isName);
  let failed = 0;
  for (const name of names) {
    const before = Date.now();
    try {
      const made = await buildGoProgram(name);
      console.log('file' in made ? `ok   ${name}  ${Date.now() - before} ms` : `SKIP ${name}: ${made.absent}`);
    } catch (e) {
      failed += 1;
      console.log(`FAIL ${name}\n${e instanceof Error ? e.message : e}`);
    }
  }
  return failed === 0 ? 0 : 1;
};

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
