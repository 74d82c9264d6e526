/**
 * Every example that help shows is run as it stands there: against one server, with examples/helloworld in the folder and running.
 * Examples that go on until they are stopped are interrupted as soon as they print.
 */

import { spawn } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { verbsOf } from '../../internal/cli/verb-table.ts';
import { plugins } from '../../plugins/index.gen.ts';
import { splitWords } from '../support/script.ts';
import { microCommand, type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('script: examples');
let server: Server;
let folder: string;

/** Milliseconds an example may take, and one that does not end by itself may stay silent. */
const exampleLimitMs = 60_000;
/** What puts back what the examples of a verb take away. */
const restoredBy: Readonly<Record<string, readonly string[]>> = {
  kill: ['run', '--wait', './helloworld'],
  logout: ['login', '--username', 'admin', '--password', 'micro'],
};
/** These run a server of their own, so they get a home of their own. */
const serverVerbs = ['server', 'service'];
/** These reach outside of this machine, change the program itself or need a service or a server at a port of its own; their own tests run them. */
const notRun = ['upgrade', 'uninstall', 'registry register', 'registry deregister', 'signup'];

test.before(async () => {
  folder = tempFolder();
  copyExample(folder, 'helloworld');
  server = await startServer({ cwd: folder });
  await succeeds(['run', '--wait', './helloworld']);
});

test.after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const succeeds = async (args: readonly string[]): Promise<void> => {
  const result = await server.micro(args, { cwd: folder });
  assert.is(result.code, 0, `micro ${args.join(' ')}: ${result.stderr}${result.stdout}`);
};

/** Runs until it has printed something, interrupts it, and asserts that it ends as it should. */
const endsWhenInterrupted = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const [command, before] = microCommand();
  const child = spawn(command, [...before, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), exampleLimitMs);
  let printed = '';
  child.stderr.on('data', (d) => (printed += d));
  child.stdout.on('data', (d) => {
    printed += d;
    child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  clearTimeout(timer);
  assert.ok(code === 0 || code === 130, `micro ${args.join(' ')}: exit code ${code}\n${printed}`);
};

/** What the examples of a verb need that no other example made. */
const preparedBy: Readonly<Record<string, () => Promise<void>>> = {
  'plugin add': async () => {
    renameSync(join(copyExample(folder, 'plugin-demo'), 'json-store'), join(folder, 'plugin'));
    await succeeds(['plugin', 'build', './plugin']);
  },
};

const follows = (args: readonly string[]): boolean => args.includes('-f') || args.includes('--follow');

const apart = (): NodeJS.ProcessEnv => {
  const home = join(folder, 'home');
  return {
    ...server.env,
    HOME: home,
    MICRO_DATA_DIR: join(home, 'data'),
    MICRO_PROXY: undefined,
    MICRO_API_ADDRESS: '127.0.0.1:0',
    MICRO_PROXY_ADDRESS: '127.0.0.1:0',
  };
};

for (const { verb } of verbsOf(plugins)) {
  if (notRun.includes(verb.words)) continue;
  for (const example of verb.examples ?? [])
    test(example, async () => {
      const [program, ...args] = splitWords(example);
      assert.is(program, 'micro');
      await preparedBy[verb.words]?.();
      if (serverVerbs.includes(verb.words)) await endsWhenInterrupted(args, apart());
      else if (follows(args)) await endsWhenInterrupted(args, server.env);
      else await succeeds(args);
      const restore = restoredBy[verb.words];
      if (restore !== undefined) await succeeds(restore);
    });
}

test.run();
