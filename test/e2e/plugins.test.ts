/** Third-party plugins from their sources to their use, and every way they are refused: from source, and on the executable where one is made. */

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';

import { noExecutableReason, packagedMicro } from '../support/packaged.ts';
import {
  microCommand,
  type MicroOptions,
  type MicroResult,
  runMicro,
  type Server,
  startServer,
} from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: third-party plugins');
const folder = tempFolder();
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** One home, with the sources of the examples in `demo`. */
interface Place {
  readonly home: string;
  readonly plugins: string;
  micro(line: string, o?: MicroOptions): Promise<MicroResult>;
  /** Stdout of a command that must succeed. */
  ok(line: string, o?: MicroOptions): Promise<string>;
  /** Stderr of a command that must fail with code 1. */
  fails(line: string, o?: MicroOptions): Promise<string>;
  /** A folder with a plugin.json and an index.cjs. */
  plugin(name: string, manifest: Readonly<Record<string, unknown>>, code?: string): string;
}

const places = { count: 0 };

const place = (): Place => {
  places.count += 1;
  const home = join(folder, `home-${places.count}`);
  mkdirSync(home, { mode: 0o700 });
  copyExample(home, 'plugin-demo');
  const base = { PATH: process.env.PATH, HOME: home, NO_COLOR: '1' };
  const micro = (line: string, o: MicroOptions = {}): Promise<MicroResult> =>
    runMicro(line.split(' '), { cwd: home, ...o, env: { ...base, ...o.env } });
  return {
    home,
    plugins: join(home, '.micro', 'plugins'),
    micro,
    ok: async (line, o) => {
      const { code, stdout, stderr } = await micro(line, o);
      assert.is(code, 0, `micro ${line}: ${stderr}`);
      return stdout;
    },
    fails: async (line, o) => {
      const { code, stdout, stderr } = await micro(line, o);
      assert.is(code, 1, `micro ${line}: ${stdout}${stderr}`);
      return stderr;
    },
    plugin: (name, manifest, code = '') => {
      const made = join(home, name);
      mkdirSync(made, { recursive: true });
      writeFileSync(join(made, 'plugin.json'), JSON.stringify({ ...command, ...manifest }));
      writeFileSync(join(made, 'index.cjs'), code);
      return made;
    },
  };
};

const command = {
  api: 1,
  id: 'commands/mark',
  kind: 'command',
  version: '1.0.0',
  summary: 'Marks',
  entry: 'index.cjs',
  verbs: [{ words: 'mark', summary: 'Mark' }],
};

/** Leaves a file behind when it is loaded, another when it runs. */
const markingCode = `
const { writeFileSync } = require('node:fs');
writeFileSync('loaded', '');
const run = async (call) => {
  writeFileSync('ran', call.args.join(','));
  return 7;
};
exports.plugin = { kind: 'command', id: 'commands/mark', summary: '', verbs: [{ words: 'mark', summary: '', load: async () => ({ run }) }] };
`;

const examples = [
  ['greet', 'commands/greet'],
  ['counter', 'services/counter'],
  ['json-store', 'drivers/store/json'],
] as const;

/** The same tests for both forms of the program. */
const declare = (form: string, bin: string | undefined): void => {
  const on = (title: string, body: () => Promise<void>): void =>
    test(`${form}: ${title}`, () => {
      if (bin === undefined) delete process.env.MICRO_BIN;
      else process.env.MICRO_BIN = bin;
      return body();
    });

  on('three examples are built, added and used', async () => {
    const at = place();
    for (const [name, id] of examples) {
      assert.match(await at.ok(`plugin build plugin-demo/${name}`), new RegExp(`^built ${id} in `));
      const { stdout, stderr } = await at.micro(`plugin add plugin-demo/${name}/dist`);
      assert.match(stdout, new RegExp(`^added ${id} 1\\.0\\.0$`, 'm'));
      assert.is(stderr, 'there is no sandbox: this plugin runs with the rights of micro\n');
    }
    assert.match(await at.ok('--help'), /^ {3}greet +Greet somebody$/m);
    assert.is(await at.ok('greet John --times 2'), 'Hello, John!\nHello, John!\n');
    assert.is(await at.fails('greet John --times=0'), 'nobody was greeted\n');
    const config = `{"plugins":{"commands/greet":{"greeting":"Ahoi"}}}`;
    writeFileSync(join(at.home, '.micro', 'config.json'), config);
    assert.is(await at.ok('greet John'), 'Ahoi, John!\n');
    assert.match(await at.ok('plugin config commands/greet'), /^greeting\s+Ahoi\s+file\s/m);
    await usesServer(at);
    assert.match(await at.ok('plugin remove commands/greet'), /^removed commands\/greet$/m);
    assert.not.match(readFileSync(join(at.home, '.micro', 'config.json'), 'utf8'), /greet/);
    assert.not.match(await at.ok('--help'), /greet/);
  });

  on('help, list, graph and config load no third-party code', async () => {
    const at = place();
    await at.ok(`plugin add ${at.plugin('mark', {}, markingCode)}`);
    for (const line of [
      '--help',
      'help mark',
      'mark --help',
      'plugin list',
      'plugin graph',
      'plugin config commands/mark',
      'version',
      'env',
    ])
      await at.ok(line);
    assert.not.ok(existsSync(join(at.home, 'loaded')));
    const { code } = await at.micro('mark a b');
    assert.is(code, 7);
    assert.is(readFileSync(join(at.home, 'ran'), 'utf8'), 'a,b');
  });

  on('code that changed after it was added does not run', async () => {
    const at = place();
    await at.ok(`plugin add ${at.plugin('mark', {}, markingCode)}`);
    writeFileSync(join(at.plugins, 'commands-mark', 'index.cjs'), `${markingCode}// changed`);
    assert.match(
      await at.ok('plugin list'),
      /^commands\/mark\s+command\s+-\s+-\s+not trusted\s+index\.cjs has changed/m,
    );
    assert.match(await at.fails('mark a'), /^plugin commands\/mark is not trusted: index\.cjs has changed/);
    assert.not.ok(existsSync(join(at.home, 'loaded')));
  });
};

const usesServer = async (at: Place): Promise<void> => {
  // Options before the word `server` are the program's own, so this switch goes by its variable.
  const start = (): Promise<Server> =>
    startServer({ home: at.home, env: { MICRO_STORE: 'json' }, args: ['--with', 'services/counter'] });
  const count = async (server: Server, words: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await server.micro(['counter', ...words]);
    assert.is(code, 0, stderr);
    return (JSON.parse(stdout) as { count: unknown }).count;
  };
  const first = await start();
  try {
    assert.is(await count(first, ['add', '--name=visits']), '1');
    assert.is(await count(first, ['add', '--name=visits', '--by=9007199254740993']), '9007199254740994');
    const answer = await fetch(`http://${first.apiAddress}/counter/read?name=visits`);
    assert.equal(await answer.json(), { count: '9007199254740994' });
    const anonymous = await fetch(`http://${first.apiAddress}/counter/add?name=visits`);
    assert.is(anonymous.status, 401);
    const { stderr } = await first.micro(['counter', 'add', '--by=2']);
    assert.match(stderr, /name is missing/);
  } finally {
    await first.stop();
  }
  const files = join(first.dataDir, 'drivers', 'store', 'json');
  const texts = readdirSync(files).map((file) => readFileSync(join(files, file), 'utf8'));
  assert.ok(texts.some((text) => text.includes('"visits"')));
  const second = await start();
  try {
    assert.is(await count(second, ['read', '--name=visits']), '9007199254740994');
  } finally {
    await second.stop();
  }
};

declare('from source', undefined);
const reason = noExecutableReason();
if (reason === undefined) declare('executable', await packagedMicro(folder));
else process.stdout.write(`SKIP third-party plugins on the executable: ${reason}\n`);

const fromSource = (title: string, body: () => Promise<void>): void =>
  test(title, () => {
    delete process.env.MICRO_BIN;
    return body();
  });

const builtin = { ...command, id: 'drivers/store/sqlite', kind: 'driver', provides: 'store', verbs: undefined };
for (const { name, manifest, says } of [
  {
    name: 'another contract version',
    manifest: { api: 2 },
    says: /made for version 2 of the plugin contract, this micro has version 1/,
  },
  {
    name: 'the id of a builtin',
    manifest: builtin,
    says: /drivers\/store\/sqlite \(folder .*\) and drivers\/store\/sqlite \(builtin\) have the same id/,
  },
  {
    name: 'the word of a builtin command',
    manifest: { verbs: [{ words: 'run fast', summary: 'Runs' }] },
    says: /commands\/mark \(folder commands-mark\) and commands\/run \(builtin\) both have the command run/,
  },
  {
    name: 'an entry outside its folder',
    manifest: { entry: '../index.cjs' },
    says: /plugin\.json\.entry: want a file inside/,
  },
  { name: 'an entry that is not there', manifest: { entry: 'other.cjs' }, says: /there is no file other\.cjs/ },
  { name: 'an unknown key', manifest: { sumary: 'x' }, says: /unknown key "sumary"/ },
  { name: 'a profile', manifest: { kind: 'profile', id: 'profiles/x' }, says: /want driver, service or command/ },
])
  fromSource(`a plugin with ${name} is not added`, async () => {
    const at = place();
    const stderr = await at.fails(`plugin add ${at.plugin('bad', manifest)}`);
    assert.match(stderr, says);
    assert.not.ok(existsSync(join(at.plugins, 'plugins.lock.json')));
  });

fromSource('its settings show where they came from, secrets masked', async () => {
  const at = place();
  const field = { type: 'string', doc: 'Token', secret: true, env: 'MICRO_MARK_TOKEN' };
  await at.ok(`plugin add ${at.plugin('mark', { config: { token: field } })}`);
  const shown = await at.ok('plugin config commands/mark', { env: { MICRO_MARK_TOKEN: 'hidden' } });
  assert.match(shown, /^token\s+\*\*\*\s+env\s+MICRO_MARK_TOKEN\s+Token$/m);
});

fromSource('one that was put there by hand is listed and not used', async () => {
  const at = place();
  await at.ok('plugin build plugin-demo/json-store --out_dir .micro/plugins/by-hand');
  const list = await at.ok('plugin list');
  assert.match(list, /^drivers\/store\/json\s+driver\s+-\s+-\s+not trusted\s+nobody added it: micro plugin add /m);
  const stderr = await at.fails('--store=json plugin graph');
  assert.match(stderr, /^no driver for store is called json\ndrivers\/store\/json is not trusted: nobody added it/);
  await at.ok('plugin add .micro/plugins/by-hand');
  assert.equal(readdirSync(at.plugins).sort(), ['by-hand', 'plugins.lock.json']);
  assert.match(await at.ok('--store=json plugin graph'), /store=json/);
  assert.match(await at.fails('--store=json plugin graph', { env: { MICRO_PLUGINS: 'off' } }), /no driver for store/);
  assert.match(
    await at.fails('plugin add plugin-demo/greet', { env: { MICRO_PLUGINS: 'off' } }),
    /MICRO_PLUGINS is off/,
  );
  assert.match(await at.fails('version', { env: { MICRO_PLUGINS: 'no' } }), /neither on nor off: no/);
});

fromSource('a command that is not trusted says so before services are asked', async () => {
  const at = place();
  at.plugin('.micro/plugins/mark', {}, markingCode);
  assert.match(await at.fails('mark'), /^plugin commands\/mark is not trusted\nnobody added it: micro plugin add /);
});

fromSource('a damaged folder and a damaged lock stop nothing else', async () => {
  const at = place();
  await at.ok(`plugin add ${at.plugin('mark', {}, markingCode)}`);
  mkdirSync(join(at.plugins, 'broken'));
  writeFileSync(join(at.plugins, 'broken', 'plugin.json'), '{ "api": 1, ');
  assert.match(await at.ok('plugin list'), /^broken\s+-\s+-\s+-\s+refused\s+plugin\.json is not valid JSON/m);
  assert.is((await at.micro('mark')).code, 7);
  await at.ok('plugin remove broken');
  writeFileSync(join(at.plugins, 'plugins.lock.json'), 'nonsense');
  assert.match(await at.ok('plugin list'), /not trusted\s+.*plugins\.lock\.json is not valid JSON/);
  assert.match(await at.fails('mark'), /is not trusted/);
  assert.match(
    await at.fails(`plugin add ${join(at.home, 'mark')}`),
    /plugins\.lock\.json is not valid JSON\nmove it away/,
  );
});

if (process.getuid !== undefined)
  fromSource('a lock that others may change trusts nothing', async () => {
    const at = place();
    await at.ok(`plugin add ${at.plugin('mark', {}, markingCode)}`);
    chmodSync(join(at.plugins, 'plugins.lock.json'), 0o666);
    assert.match(await at.fails('mark'), /plugins\.lock\.json may be changed by other users/);
  });

fromSource('a server does not start while two plugins have one id', async () => {
  const at = place();
  await at.ok('plugin build plugin-demo/counter');
  await at.ok('plugin add plugin-demo/counter');
  await at.ok('plugin build plugin-demo/counter --out_dir .micro/plugins/twin');
  const stderr = await at.fails('server --proxy_address=127.0.0.1:0 --api_address=127.0.0.1:0');
  assert.match(
    stderr,
    /services\/counter \(folder services-counter\) and services\/counter \(folder twin\) have the same id/,
  );
  await at.ok('plugin remove twin');
  assert.match(await at.ok('plugin list'), /^services\/counter\s.*version 1\.0\.0/m);
});

fromSource('services are started by their id only', async () => {
  const at = place();
  const ports = '--proxy_address=127.0.0.1:0 --api_address=127.0.0.1:0';
  assert.match(await at.fails(`server ${ports} --with counter`), /--with takes services\/NAME, not counter/);
  assert.match(await at.fails(`server ${ports} --with services/counter`), /there is no plugin services\/counter/);
});

fromSource('faults of the author are shown with their place', async () => {
  const at = place();
  const write = (text: string): void => {
    mkdirSync(join(at.home, 'own'), { recursive: true });
    writeFileSync(join(at.home, 'own', 'package.json'), '{ "version": "0.1.0" }');
    writeFileSync(join(at.home, 'own', 'plugin.ts'), text);
  };
  assert.match(await at.fails('plugin build own'), /^own holds no plugin\.ts/);
  write('const a = 1;\nconst b: = 2;\n');
  assert.match(await at.fails('plugin build own'), /^plugin\.ts:2:10: /);
  write(`import { service } from 'micro';\nexport const plugin = service;\n`);
  assert.match(await at.fails('plugin build own'), /a plugin imports "micro\/plugin"/);
  write('export const other = 1;\n');
  assert.match(await at.fails('plugin build own'), /exports no plugin/);
  write('throw new Error("at load");\n');
  assert.match(await at.fails('plugin build own'), /cannot load .*: at load/);
  write(
    `import { defineCommand } from 'micro/plugin';\nexport const plugin = defineCommand({ id: 'commands/X', summary: '', verbs: [] });\n`,
  );
  assert.match(await at.fails('plugin build own'), /plugin\.json\.id: want commands\/NAME/);
  assert.not.ok(existsSync(join(at.home, 'own', 'dist')));
});

if (process.platform !== 'win32')
  fromSource('a program on PATH comes after plugins and before services', async () => {
    const at = place();
    const bin = join(at.home, 'bin');
    mkdirSync(bin);
    for (const name of ['mark', 'run', 'own']) {
      writeFileSync(join(bin, `micro-${name}`), `#!/bin/sh\necho "program ${name} $# $1"; cat; exit 9\n`);
      chmodSync(join(bin, `micro-${name}`), 0o755);
    }
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
    const own = await at.micro('own --flag=1 -- x', { env, stdin: 'from stdin\n' });
    assert.equal([own.code, own.stdout], [9, 'program own 3 --flag=1\nfrom stdin\n']);
    assert.match((await at.micro('run --help', { env })).stdout, /micro run - /);
    assert.match((await at.micro('mark', { env })).stdout, /^program mark/);
    await at.ok(`plugin add ${at.plugin('mark', {}, markingCode)}`, { env });
    assert.is((await at.micro('mark', { env })).code, 7);
  });

if (process.platform !== 'win32')
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    fromSource(`${signal} to micro is for the program on PATH, which decides`, async () => {
      const at = place();
      mkdirSync(join(at.home, 'bin'));
      const file = join(at.home, 'bin', 'micro-wait');
      const name = signal.slice('SIG'.length);
      writeFileSync(
        file,
        `#!/bin/sh\ntrap 'echo got ${name}; exit 5' ${name}\necho ready\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; done\n`,
      );
      chmodSync(file, 0o755);
      const [program, words] = microCommand();
      const env = { PATH: `${join(at.home, 'bin')}${delimiter}${process.env.PATH}`, HOME: at.home };
      const child = spawn(program, [...words, 'wait'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      child.stdout.on('data', (d) => {
        printed += d;
        if (String(d).includes('ready')) child.kill(signal);
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      assert.equal([code, printed], [5, `ready\ngot ${name}\n`]);
    });

test.run();
