/**
 * Compiles Go programs with the `go` that the server's PATH names, ahead of their start: compiling may take minutes, starting may not.
 * Owns the folder `go` of the cache, with one program per source folder. Downloads and caches are go's own business, and so are vendor folders' contents.
 */

import { createHash } from 'node:crypto';
import { access, glob, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import type { Builder, BuildRequest, Launch } from '../../../../internal/contract/builder.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import { childEnvironment } from '../../../../internal/process/child-environment.ts';
import { selfCommand } from '../../../../internal/process/self.ts';
import { type SpawnedProcess, spawnProcess } from '../../../../internal/process/spawn.ts';

const id = 'builder.go';
/** Programs kept of one service: the one that runs while the next is made, that one, and one to spare. */
const programsMax = 3;
/** Lines of the compiler that an error repeats. */
const faultLinesMax = 20;
const stopGraceMs = 2_000;
/** The guard's exit code when there is no such command. */
const notFound = 127;

export const create = (): Builder => ({ name: 'go', detect: isGo, build });

/** The module's file may stand further up, when the service is one of several in it. */
const isGo = async (folder: string): Promise<boolean> => {
  if (await exists(join(folder, 'go.mod'))) return true;
  for await (const _ of glob('*.go', { cwd: folder })) return true;
  return false;
};

const build = async (request: BuildRequest): Promise<Launch> => {
  const { folder } = request;
  if (!(await isGo(folder))) throw badRequest(id, 'no go.mod and no Go files in the folder');
  const programs = join(request.cacheDir, 'go');
  const place = join(programs, createHash('sha256').update(folder).digest('hex').slice(0, 32));
  await mkdir(place, { recursive: true, mode: 0o700 });
  await compile(request, place);
  const [name] = await readdir(place);
  if (name === undefined) throw badRequest(id, 'go build made no program');
  await utimes(place, new Date(), new Date());
  await forgetOld(programs);
  // It does not end with the server by itself.
  const self = selfCommand('guard');
  const args = [...self.args, join(place, name)];
  return { command: self.command, args, cwd: folder, env: self.env, endsWithParent: true };
};

const compile = async ({ folder, signal }: BuildRequest, place: string): Promise<void> => {
  const vendored = await exists(join(folder, 'vendor', 'modules.txt'));
  // The closing slash makes anything but a program an error, instead of a file that cannot be run.
  const words = ['go', 'build', '-buildvcs=false', ...(vendored ? ['-mod=vendor'] : []), '-o', `${place}/`, '.'];
  const lines: string[] = [];
  const self = selfCommand('guard');
  const go = await spawnProcess({
    command: self.command,
    args: [...self.args, ...words],
    cwd: folder,
    env: { ...childEnvironment(), ...self.env },
    ipc: true,
    onLine: (_, line) => {
      if (!line.startsWith('# ') && lines.length < faultLinesMax) lines.push(line.replace(/^\.\//, ''));
    },
  });
  const exit = await untilExit(go, signal);
  signal.throwIfAborted();
  if (exit.code === 0) return;
  if (exit.code === notFound)
    throw badRequest(id, 'the server finds no go command to compile this with', {
      hint: 'put Go on the PATH of the server, or compile the program yourself and name it `service`',
    });
  throw badRequest(id, lines.length > 0 ? lines.join('\n') : `go build ended with ${exit.code ?? exit.signal}`);
};

const untilExit = async (go: SpawnedProcess, signal: AbortSignal): ReturnType<SpawnedProcess['stop']> => {
  const stop = (): void => void go.stop(stopGraceMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await go.exited;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

const forgetOld = async (programs: string): Promise<void> => {
  const found = await Promise.all(
    (await readdir(programs)).map(async (name) => ({ name, age: (await stat(join(programs, name))).mtimeMs })),
  );
  for (const { name } of found.sort((a, b) => b.age - a.age).slice(programsMax))
    await rm(join(programs, name), { recursive: true, force: true });
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
