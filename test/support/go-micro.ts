/**
 * Programs made with Micro v3's Go framework, for tests. They keep their files in the home that the password file names, whatever HOME says;
 * so they run as a user whom that file does not know, and for whom HOME counts. Owns a folder which that user may read, and a home in it.
 */

import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { GoProgramName } from '../../build/go-programs.ts';
import { goProgramFiles } from './go-program.ts';
import type { MicroResult } from './server.ts';

/** A user id that no system gives away. */
const strangerId = '64999';
const runLimitMs = 30_000;

type Env = Readonly<Record<string, string | undefined>>;

export interface GoMicro<N extends GoProgramName> {
  /** Everything the programs may read and write. */
  readonly folder: string;
  /** Command and leading words that start the program. */
  command(name: N): readonly [string, ...string[]];
  /** Its environment; `o` on top. */
  env(o?: Env): Record<string, string | undefined>;
  run(name: N, args: readonly string[], o?: { readonly env?: Env; readonly cwd?: string }): Promise<MicroResult>;
  /** A folder that `micro run` starts this program from. */
  service(folder: string, name: N): string;
  remove(): void;
}

/** Builds the programs and puts them where a stranger can run them; or says why that cannot be done here. */
export const openGoMicro = async <const N extends GoProgramName>(
  names: readonly N[],
): Promise<GoMicro<N> | { readonly absent: string }> => {
  const prefix = asStranger();
  if (prefix === undefined) return { absent: 'no program can be run as another user here' };
  const built = await goProgramFiles(names);
  if ('absent' in built) return built;
  const folder = mkdtempSync(join(tmpdir(), 'micro-go-'));
  const home = join(folder, 'home');
  chmodSync(folder, 0o755);
  mkdirSync(home);
  chmodSync(home, 0o777);
  for (const name of names) {
    copyFileSync(built.files[name], join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  const own = { HOME: home, USER: 'stranger', MICRO_REPORT_USAGE: 'false' };
  const env = (o?: Env): Record<string, string | undefined> => ({ PATH: process.env.PATH, ...own, ...o });
  const command = (name: N): readonly [string, ...string[]] => [...prefix, join(folder, name)];
  return {
    folder,
    command,
    env,
    run: (name, args, o = {}) => {
      const [file, ...before] = command(name);
      const options = { cwd: o.cwd ?? home, env: env(o.env), timeout: runLimitMs, killSignal: 'SIGKILL' } as const;
      return new Promise((resolve) => {
        const child = execFile(file, [...before, ...args], options, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
        );
        child.stdin?.end();
      });
    },
    service: (parent, name) => {
      const source = join(parent, name);
      mkdirSync(source);
      const settings = Object.entries(own).map(([key, value]) => `${key}='${value}'`);
      const start = `cd /\nexec env ${settings.join(' ')} ${command(name).join(' ')}\n`;
      writeFileSync(join(source, 'service'), `#!/bin/sh\n${start}`, { mode: 0o755 });
      return source;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** What has to stand before a command so that the stranger runs it; undefined where that cannot be had. */
const asStranger = (): readonly [string, ...string[]] | undefined => {
  const ways: readonly (readonly [string, ...string[]])[] =
    process.getuid?.() === 0
      ? [['setpriv', '--reuid', strangerId, '--regid', strangerId, '--clear-groups']]
      : [['unshare', '--user', `--map-user=${strangerId}`, `--map-group=${strangerId}`]];
  return ways.find(([file, ...args]) => spawnSync(file, [...args, 'true']).status === 0);
};
