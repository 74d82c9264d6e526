/** Shells to run install.sh with, each on a PATH of one folder with nothing but the tools named. Owns those folders; skips no shell silently. */

import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A run of the installer may take this long, milliseconds. */
const runLimitMs = 25_000;
const plain = ['uname', 'id', 'mkdir', 'chmod', 'mv', 'cp', 'ln', 'rm', 'cat', 'tr', 'df', 'getconf'];

export interface Kit {
  readonly name: string;
  /** Program and words before the script. */
  readonly shell: readonly string[];
  readonly path: string;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Absolute path of a program of this machine; undefined when there is none. */
export const which = (name: string): string | undefined => {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/sbin', '/usr/sbin']) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
};

/** A folder of links: `busybox` makes each tool an applet of it, where it has one. */
export const toolFolder = (folder: string, tools: readonly string[], busybox?: string): string => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const tool of tools) {
    const file = busybox && tool !== 'getconf' ? busybox : which(tool);
    if (file !== undefined) symlinkSync(file, join(folder, tool));
  }
  return folder;
};

/** Puts a script of our own in front of a tool, or takes the tool away. */
export const replaceTool = (folder: string, name: string, script?: string): void => {
  rmSync(join(folder, name), { force: true });
  if (script === undefined) return;
  writeFileSync(join(folder, name), `#!${which('sh')}\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
};

/** One kit for each pair of shell and downloader that this machine has. */
export const kitsIn = (folder: string): readonly Kit[] => {
  const kits: Kit[] = [];
  const add = (name: string, shell: readonly string[], tools: readonly string[], busybox?: string): void => {
    const [program = ''] = shell;
    const missing = [program, ...(busybox ? [] : tools)].find((tool) => which(tool) === undefined);
    if (missing !== undefined) {
      console.log(`SKIP install.sh with ${name}: this machine has no ${missing}`);
      return;
    }
    const path = toolFolder(join(folder, name.replaceAll(' ', '-')), [...plain, ...tools], busybox && which(busybox));
    kits.push({ name, shell: [which(program) as string, ...shell.slice(1)], path });
  };
  add('dash and curl', ['dash'], ['curl', 'sha256sum']);
  add('dash and wget', ['dash'], ['wget', 'sha256sum']);
  add('bash and curl', ['bash', '--posix'], ['curl', 'shasum', 'perl']);
  add('bash and openssl', ['bash'], ['curl', 'openssl']);
  add('busybox', ['busybox', 'sh'], ['wget', 'sha256sum'], 'busybox');
  return kits;
};

/** Runs a program with exactly this environment and input. */
export const runWith = (
  [command = '', ...args]: readonly string[],
  o: SpawnOptions & { readonly stdin?: string },
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...o, stdio: 'pipe', timeout: runLimitMs, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (d: string) => (stdout += d));
    child.stderr?.setEncoding('utf8').on('data', (d: string) => (stderr += d));
    child.stdin?.on('error', () => {
      // The program did not read all of it.
    });
    child.stdin?.end(o.stdin ?? '');
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
