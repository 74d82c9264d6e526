/** The lazy budget: commands that need no network and no schema load none of the heavy packages, those that call load no gRPC library. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';

import { startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';
import { root } from './source-files.ts';

const test = suite('tidy: lazy');
const heavy = [
  '@grpc/grpc-js',
  'protobufjs',
  'undici',
  'sqlite3',
  '@opentelemetry/api',
  'esbuild',
  'jose',
  'tar',
  '@peculiar/x509',
  'acme-client',
];
let folder: string;

/** What a dial with TLS, or the explanation of one that failed, needs. */
const aboutTls =
  /^node:(?:tls|https)$|\/internal\/h2\/(?:dial-tls|peer-certificate)\.ts$|\/(?:explain-tls|find-tls-fault)\.ts$/;

/** Writes the URL of every module that is loaded to a file, through Node's own hooks. */
const tracer = `
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED_FILE, url + '\\n');
    return next(url, context);
  },
});
`;

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'micro-lazy-'));
  writeFileSync(join(folder, 'tracer.mjs'), tracer);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const loadedBy = (args: readonly string[], env: NodeJS.ProcessEnv = { HOME: folder }): readonly string[] => {
  const file = join(folder, 'loaded');
  writeFileSync(file, '');
  const result = spawnSync(
    process.execPath,
    ['--import', pathToFileURL(join(folder, 'tracer.mjs')).href, join(root, 'cmd/micro/main.ts'), ...args],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, ...env, LOADED_FILE: file },
    },
  );
  assert.is(result.status, 0, result.stderr);
  return readLines(file);
};

const readLines = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

const packageOf = (url: string): string | undefined =>
  /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url.replaceAll('\\', '/'))?.[1];

for (const args of [['--help'], ['help'], ['run', '--help'], ['version'], ['--version'], ['env'], ['plugin', 'list']])
  test(`micro ${args.join(' ')} loads nothing heavy`, () => {
    const loaded = loadedBy(args);
    assert.ok(
      loaded.some((url) => url.endsWith('/cmd/micro/dispatch.ts')),
      'the trace works',
    );
    assert.equal(
      loaded.filter((url) => heavy.includes(packageOf(url) ?? '')),
      [],
    );
  });

test('micro --help loads no code of any plugin and no package at all', () => {
  const loaded = loadedBy(['--help']);
  const code = loaded.filter((url) => /\/plugins\//.test(url) && !/\/(plugin|index\.gen)\.ts$/.test(url));
  assert.equal(code, []);
  assert.equal(
    loaded.filter((url) => packageOf(url) !== undefined),
    [],
  );
});

test('commands that call a server load no gRPC library, only our own client', async () => {
  const server = await startServer();
  try {
    const example = join(root, 'examples', 'helloworld');
    for (const args of [['run', '--wait', example], ['services'], ['status'], ['helloworld', '--name=John']]) {
      const loaded = loadedBy(args, server.env);
      const text = `micro ${args[0]}`;
      assert.ok(
        loaded.some((url) => url.endsWith('/internal/rpc/client.ts')),
        `${text} calls`,
      );
      assert.equal(
        loaded.filter((url) => packageOf(url) === '@grpc/grpc-js'),
        [],
        text,
      );
      assert.equal(
        loaded.filter((url) => aboutTls.test(url)),
        [],
        `${text} loads TLS code for a plain address`,
      );
    }
  } finally {
    await server.stop();
  }
});

test('an ordinary server loads nothing for certificates', async () => {
  const file = join(folder, 'loaded-by-server');
  writeFileSync(file, '');
  const tracing = { NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'tracer.mjs')).href}`, LOADED_FILE: file };
  const server = await startServer({ env: tracing });
  const loaded = readLines(file);
  await server.stop();
  assert.ok(
    loaded.some((url) => url.endsWith('/internal/h2/listener.ts')),
    'the trace works',
  );
  const forTls = loaded.filter(
    (url) =>
      ['@peculiar/x509', 'acme-client', 'axios', 'node-forge'].includes(packageOf(url) ?? '') ||
      url.includes('/internal/tls/acme/'),
  );
  assert.equal(forTls, []);
});

test.run();
