/**
 * What runs inside a service process before the author's code: takes the launch out of the environment, installs the module hooks,
 * watches the parent, and runs the entry. Started by cmd/micro/main.ts when MICRO_CHILD says `service`. Serves nothing itself.
 */

import { enableCompileCache, flushCompileCache, Module, setSourceMapsSupport } from 'node:module';
import { dirname, join, sep } from 'node:path';

import { embedded, embeddedSlot } from '../internal/process/embedded.ts';
import { roomForTitle } from '../internal/process/self.ts';
import { failureText } from './failure-text.ts';
import { type Environment, takeLaunch } from './launch.ts';
import { registerModuleHooks } from './module-hooks.ts';
import { watchParent } from './watchdog.ts';

/** Where our own code stands, and what the two packages are: files beside this one, or modules inside the executable. */
interface OwnCode {
  readonly isOwn: (file: string) => boolean;
  readonly packages: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, () => string>>;
}

const ownCode = (): OwnCode => {
  const inside = embedded();
  if (inside === undefined) {
    const folders = ['cmd', 'internal', 'plugins', 'proto', 'sdk'].map((f) => join(import.meta.dirname, '..', f) + sep);
    return {
      isOwn: (file) => folders.some((folder) => file.startsWith(folder)),
      packages: {
        micro: join(import.meta.dirname, 'index.ts'),
        'micro/plugin': join(import.meta.dirname, 'plugin.ts'),
      },
      sources: {},
    };
  }
  const index = join(inside.folder, 'sdk-index.mjs');
  const plugin = join(inside.folder, 'sdk-plugin.mjs');
  return {
    isOwn: (file) => file.startsWith(inside.folder + sep),
    packages: { micro: index, 'micro/plugin': plugin },
    sources: { [index]: () => embeddedSource('sdk-index'), [plugin]: () => embeddedSource('sdk-plugin') },
  };
};

/** An ES module that hands on what the embedded one exports: the same functions and state that the rest of the process uses. */
const embeddedSource = (entry: string): string => {
  const names = Object.keys(embedded()?.module(entry) ?? {});
  return `export const { ${names.join(', ')} } = globalThis[Symbol.for(${JSON.stringify(embeddedSlot.description)})].module('${entry}');`;
};

/** Milliseconds after which everything a service loads at its start is surely loaded. */
const keepAfterMs = 5_000;

/** Runs the author's entry in this process; returns when it is loaded as far as it is synchronous. A failure ends the process with code 1. */
export const runChild = (env: Record<string, string | undefined>): void => {
  const own = ownCode();
  const launch = takeLaunch(env, process.ppid);
  watchParent(launch.parentPid);
  process.title = titleOf(launch.env);
  if (launch.transpiledDir) keepCompiledCode(join(launch.transpiledDir, 'compiled'));
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  registerModuleHooks({
    ...own,
    transpiledDir: launch.transpiledDir,
  });
  const folder = dirname(launch.entry);
  process.on('uncaughtException', (thrown) => {
    // The author who handles such errors decides alone what becomes of them.
    if (process.listenerCount('uncaughtException') > 1) return;
    process.stderr.write(`${failureText(thrown, { folder, isOwn: own.isOwn })}\n`);
    process.exit(1);
  });
  process.argv.splice(1, process.argv[2] === roomForTitle ? 2 : 1, launch.entry);
  runMain();
};

/** Halves the time until the SDK is loaded, from the second start on. Written while nothing hurries, since a service may end by SIGKILL. */
const keepCompiledCode = (folder: string): void => {
  enableCompileCache(folder);
  setTimeout(() => flushCompileCache(), keepAfterMs).unref();
};

/** Public for years and documented, but not in the type definitions. */
const runMain = (): void => (Module as unknown as { runMain(): void }).runMain();

const titleOf = (env: Environment): string =>
  `micro-service ${env.MICRO_SERVICE_NAME ?? ''}@${env.MICRO_SERVICE_VERSION ?? 'latest'}`;
