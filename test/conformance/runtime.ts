/** What every runtime driver must do, shown on real processes. A driver's own test file calls testRuntime; `cases` is exported so that the suite itself can be tested on broken drivers. */

import assert from 'node:assert/strict';

import { isMicroError } from '../../internal/contract/error.ts';
import type { CreateOptions, LogRecord, Runtime, RuntimeService } from '../../internal/contract/runtime.ts';
import { runConformance, type Subject } from '../support/conformance.ts';
import { poll } from '../support/poll.ts';
import {
  archive,
  type ArchiveEntry,
  type Instance,
  type RuntimePlatform,
  script,
  scriptArchive,
} from './runtime-platform.ts';

/** A driver whose services register at the platform and which builds with its builder. Starts may take `startTimeoutMs`; a crash is followed by a start soon. */
export interface RuntimeSubject {
  readonly runtime: Runtime;
  readonly platform: RuntimePlatform;
}

const ref = (name: string, version = 'latest') => ({ name, version });

async function* chunksOf(bytes: Buffer, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const upload = (s: RuntimeSubject, name: string, bytes: Buffer, o: { version?: string; namespace?: string } = {}) =>
  s.runtime.upload(ref(name, o.version), chunksOf(bytes), { namespace: o.namespace });

interface RunOptions extends CreateOptions {
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Uploads and creates; does not wait. */
const run = async (s: RuntimeSubject, name: string, bytes: Buffer, o: RunOptions = {}): Promise<void> => {
  const { version = 'latest', metadata = {}, ...options } = o;
  const source = await upload(s, name, bytes, { version, namespace: o.namespace });
  const env = [...(o.env ?? []), `PLATFORM=${s.platform.url}`];
  await s.runtime.create({ name, version, source, metadata }, { ...options, env });
};

const find = async (s: RuntimeSubject, name: string, o: { version?: string; namespace?: string } = {}) =>
  (await s.runtime.read({ service: name, version: o.version, namespace: o.namespace }))[0];

const until = (
  s: RuntimeSubject,
  name: string,
  what: (service: RuntimeService) => boolean,
  o: { version?: string; namespace?: string } = {},
): Promise<RuntimeService> => {
  let last: RuntimeService | undefined;
  return poll(`${name}: ${what}`, async () => {
    last = await find(s, name, o);
    return last !== undefined && what(last) && last;
  }).catch((e: Error) => {
    throw new Error(`${e.message}; last seen: ${JSON.stringify(last)}`, { cause: e });
  });
};

const isRunning = (s: RuntimeService): boolean => s.status === 'running';
const untilRunning = (s: RuntimeSubject, name: string, o: { version?: string; namespace?: string } = {}) =>
  until(s, name, isRunning, o);

/** What was set off before has happened by the time another service has come up. */
const settled = async (s: RuntimeSubject): Promise<void> => {
  // One after the other: whatever was begun before has had time for two whole starts.
  for (const name of ['marker', 'second-marker']) {
    await run(s, name, scriptArchive(script()));
    await untilRunning(s, name);
  }
};

/** Registrations of a service so far. */
const instances = (s: RuntimeSubject, name: string): readonly Instance[] =>
  s.platform.instances.filter((i) => i.name === name);
const newest = (s: RuntimeSubject, name: string): Instance => {
  const instance = instances(s, name).at(-1);
  assert.ok(instance, `${name} never registered`);
  return instance;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const untilGone = (pid: number): Promise<unknown> => poll(`process ${pid} to end`, () => !isAlive(pid));

const collect = async (records: AsyncIterable<LogRecord>): Promise<readonly LogRecord[]> => {
  const found: LogRecord[] = [];
  for await (const record of records) found.push(record);
  return found;
};
const messages = async (s: RuntimeSubject, name: string, lines = 0): Promise<readonly string[]> =>
  (await collect(s.runtime.logs(ref(name), { lines }))).map((r) => r.message);

/** A service may register, or end, before its words about it have reached the log. */
const untilLogged = async (s: RuntimeSubject, name: string, pattern: RegExp): Promise<void> => {
  let seen = '';
  await poll(`the log of ${name} to match ${pattern}`, async () => {
    seen = (await messages(s, name)).join('\n');
    return pattern.test(seen);
  }).catch((e: unknown) => {
    assert.match(seen, pattern, String(e));
  });
};

const rejects = (work: Promise<unknown>, detail: RegExp, code?: number): Promise<void> =>
  assert.rejects(work, (e) => {
    assert.ok(isMicroError(e), String(e));
    assert.match(e.detail, detail);
    if (code !== undefined) assert.equal(e.code, code);
    return true;
  });

export const cases: Readonly<Record<string, (s: RuntimeSubject) => Promise<void>>> = {
  'runs an upload until it is registered and answers, and says who runs what since when': async (s) => {
    await run(s, 'one', scriptArchive(script()), {
      owner: { name: 'admin', group: 'micro' },
      metadata: { source: '/src/one', team: 'a' },
    });
    const service = await untilRunning(s, 'one');
    assert.equal(instances(s, 'one').length, 1);
    assert.ok(isAlive(newest(s, 'one').pid));
    assert.equal(service.version, 'latest');
    assert.match(service.source, /^source:\/\/one:latest$/);
    const { owner, group, source, team, started, error } = service.metadata;
    assert.deepEqual(
      { owner, group, source, team, error },
      { owner: 'admin', group: 'micro', source: '/src/one', team: 'a', error: undefined },
    );
    assert.ok(!Number.isNaN(Date.parse(started ?? '')), `started: ${started}`);
  },

  'takes a gzipped archive as well': async (s) => {
    await run(s, 'zipped', scriptArchive(script(), { gzip: true }));
    await untilRunning(s, 'zipped');
  },

  'is not running before it has registered': async (s) => {
    const first = `await new Promise((r) => setTimeout(r, 300));`;
    await run(s, 'slow', scriptArchive(script({ first })));
    const seen = new Set<string>();
    let early = false;
    await until(s, 'slow', (service) => {
      seen.add(service.status);
      if (isRunning(service) && instances(s, 'slow').length === 0) early = true;
      return isRunning(service);
    });
    assert.ok(!early, 'running before it had registered');
    for (const status of seen) assert.ok(['pending', 'building', 'starting', 'running'].includes(status), status);
  },

  'gives a service its name, place, arguments and variables, and an account of its own': async (s) => {
    const entries = [{ path: 'inner/service.mjs', body: script() }];
    await run(s, 'env', archive(entries), {
      version: 'v2',
      namespace: 'other',
      entrypoint: 'inner',
      args: ['--a', 'b c'],
      env: ['A=1', 'B=x=y', 'MICRO_NAMESPACE=stolen'],
      secrets: { TOKEN: 'hidden' },
    });
    await untilRunning(s, 'env', { version: 'v2', namespace: 'other' });
    const { env, args, cwd } = newest(s, 'env');
    assert.equal(env.MICRO_SERVICE_NAME, 'env');
    assert.equal(env.MICRO_SERVICE_VERSION, 'v2');
    assert.equal(env.MICRO_NAMESPACE, 'other');
    assert.equal(env.MICRO_PROFILE, 'service');
    assert.ok(env.MICRO_PROXY, 'no MICRO_PROXY');
    assert.equal(env.MICRO_AUTH_ID, 'env-v2');
    assert.ok(env.MICRO_AUTH_SECRET, 'no MICRO_AUTH_SECRET');
    assert.deepEqual({ A: env.A, B: env.B, TOKEN: env.TOKEN }, { A: '1', B: 'x=y', TOKEN: 'hidden' });
    assert.deepEqual(args, ['--a', 'b c']);
    assert.match(cwd, /inner$/);
    const told = JSON.stringify([
      await s.runtime.read({ namespace: 'other' }),
      await collect(s.runtime.logs(ref('env', 'v2'), { namespace: 'other' })),
    ]);
    assert.ok(!told.includes('hidden') && !told.includes(env.MICRO_AUTH_SECRET!), 'a secret is shown');
  },

  'keeps names, versions, types and namespaces apart': async (s) => {
    await run(s, 'apart', scriptArchive(script()), { type: 'web' });
    await run(s, 'apart', scriptArchive(script()), { version: 'v2' });
    await run(s, 'apart', scriptArchive(script()), { namespace: 'other' });
    await run(s, 'beside', scriptArchive(script()));
    const brief = (found: readonly RuntimeService[]) => found.map((f) => `${f.name}@${f.version}`).sort();
    assert.deepEqual(brief(await s.runtime.read()), ['apart@latest', 'apart@v2', 'beside@latest']);
    assert.deepEqual(brief(await s.runtime.read({ service: 'apart' })), ['apart@latest', 'apart@v2']);
    assert.deepEqual(brief(await s.runtime.read({ service: 'apart', version: 'v2' })), ['apart@v2']);
    assert.deepEqual(brief(await s.runtime.read({ type: 'web' })), ['apart@latest']);
    assert.deepEqual(brief(await s.runtime.read({ namespace: 'other' })), ['apart@latest']);
    assert.deepEqual(brief(await s.runtime.read({ namespace: 'nowhere' })), []);
    await untilRunning(s, 'apart');
    await untilRunning(s, 'apart', { namespace: 'other' });
    await s.runtime.delete(ref('apart'));
    assert.deepEqual(brief(await s.runtime.read()), ['apart@v2', 'beside@latest']);
    assert.deepEqual(brief(await s.runtime.read({ namespace: 'other' })), ['apart@latest']);
  },

  'changes nothing when the same content is run again, unless forced': async (s) => {
    await run(s, 'same', scriptArchive(script()));
    await untilRunning(s, 'same');
    const { pid } = newest(s, 'same');
    await run(s, 'same', scriptArchive(script(), { gzip: true }));
    await settled(s);
    assert.equal(instances(s, 'same').length, 1);
    assert.ok(isAlive(pid));
    await run(s, 'same', scriptArchive(script()), { force: true });
    await poll('the forced start', () => instances(s, 'same').length === 2);
    await untilGone(pid);
    await untilRunning(s, 'same');
    assert.equal(instances(s, 'same').length, 2);
  },

  'updates changed content: the old one ends when the new one is registered': async (s) => {
    await run(s, 'change', scriptArchive(script({ label: 'old' })));
    await untilRunning(s, 'change');
    const old = newest(s, 'change');
    await run(
      s,
      'change',
      scriptArchive(script({ label: 'new', first: 'await new Promise((r) => setTimeout(r, 200));' })),
    );
    let gap = false;
    await poll('the new one to register', () => {
      const registered = instances(s, 'change').length === 2;
      if (!registered && !isAlive(old.pid)) gap = true;
      return registered;
    });
    assert.ok(!gap, 'the old one ended before the new one was there');
    await untilGone(old.pid);
    assert.ok(isAlive(newest(s, 'change').pid));
    await untilLogged(s, 'change', /ready old[\s\S]*label new[\s\S]*stopping old/);
  },

  'updates by update() with the options it was created with': async (s) => {
    await run(s, 'again', scriptArchive(script({ label: 'old' })), { env: ['A=kept'] });
    await untilRunning(s, 'again');
    const old = newest(s, 'again');
    const source = await upload(s, 'again', scriptArchive(script({ label: 'new' })));
    await s.runtime.update({ ...ref('again'), source, metadata: { source: '/moved' } });
    await untilGone(old.pid);
    const service = await untilRunning(s, 'again');
    assert.equal(service.metadata.source, '/moved');
    assert.equal(newest(s, 'again').env.A, 'kept');
    await untilLogged(s, 'again', /ready new/);
  },

  'keeps the old one running when an update does not start, and says why': async (s) => {
    await run(s, 'steady', scriptArchive(script()));
    await untilRunning(s, 'steady');
    const { pid } = newest(s, 'steady');
    await run(s, 'steady', scriptArchive(script({ first: `console.error('bad update'); process.exit(3);` })));
    const service = await until(s, 'steady', (found) => /exit code 3|bad update/.test(found.metadata.error ?? ''));
    assert.equal(service.status, 'running');
    await run(s, 'steady', scriptArchive('// fault at 2:5'));
    await until(s, 'steady', (found) => (found.metadata.error ?? '').includes('service.mjs:2:5'));
    assert.ok(isAlive(pid));
    assert.equal(instances(s, 'steady').length, 1);
    await run(s, 'steady', scriptArchive(script()));
    assert.equal((await find(s, 'steady'))?.metadata.error, undefined);
    assert.ok(isAlive(pid));
    await run(s, 'steady', scriptArchive(script({ label: 'mended' })));
    await untilGone(pid);
    const mended = await untilRunning(s, 'steady');
    assert.equal(mended.metadata.error, undefined);
  },

  'tells a fault of the build by file and line, in status and log': async (s) => {
    await run(s, 'faulty', scriptArchive('// fault at 4:9'));
    const service = await until(s, 'faulty', (found) => found.status === 'error');
    assert.match(service.metadata.error ?? '', /service\.mjs:4:9: this does not build/);
    await untilLogged(s, 'faulty', /service\.mjs:4:9: this does not build/);
    await run(s, 'faulty', scriptArchive(script()));
    assert.equal((await untilRunning(s, 'faulty')).metadata.error, undefined);
  },

  'starts a crashed service again and counts it': async (s) => {
    await run(s, 'crash', scriptArchive(script()));
    await untilRunning(s, 'crash');
    const { pid } = newest(s, 'crash');
    process.kill(pid, 'SIGKILL');
    await poll('the second start', () => instances(s, 'crash').length === 2);
    const service = await untilRunning(s, 'crash');
    assert.equal(service.metadata.restarts, '1');
    assert.match(service.metadata.lastExit ?? '', /SIGKILL/);
  },

  'shows a service that ends at once as an error with its exit and last words': async (s) => {
    await run(s, 'doomed', scriptArchive(script({ first: `console.error('no luck'); process.exit(7);` })));
    const service = await until(s, 'doomed', (found) => found.status === 'error' && found.metadata.restarts === '2');
    assert.match(service.metadata.error ?? '', /exit code 7/);
    assert.match(service.metadata.error ?? '', /no luck/);
    assert.match(service.metadata.lastExit ?? '', /exit code 7/);
  },

  'takes an exit with code 0 for an exit': async (s) => {
    await run(s, 'done', scriptArchive(script({ first: 'process.exit(0);' })));
    const service = await until(s, 'done', (found) => found.status === 'error');
    assert.match(service.metadata.error ?? '', /exit code 0/);
  },

  'ends a service that never registers, and says so': async (s) => {
    const silent = `console.log(process.pid); setInterval(() => {}, 1_000);`;
    await run(s, 'silent', scriptArchive(silent));
    const service = await until(s, 'silent', (found) => found.status === 'error');
    assert.match(service.metadata.error ?? '', /regist/);
    const pid = Number((await messages(s, 'silent')).find((m) => /^\d+$/.test(m)));
    await untilGone(pid);
  },

  'deletes process, record and source': async (s) => {
    await run(s, 'gone', scriptArchive(script()));
    await untilRunning(s, 'gone');
    const { pid } = newest(s, 'gone');
    const { source } = (await find(s, 'gone'))!;
    await s.runtime.delete(ref('gone'));
    assert.deepEqual(await s.runtime.read(), []);
    await untilGone(pid);
    await rejects(s.runtime.delete(ref('gone')), /^not found$/, 500);
    await rejects(s.runtime.create({ ...ref('gone'), source, metadata: {} }), /./);
    assert.deepEqual(await s.runtime.read(), []);
    await run(s, 'gone', scriptArchive(script({ label: 'anew' })));
    await untilRunning(s, 'gone');
    assert.ok(!(await messages(s, 'gone')).includes('label one'), 'the log of the deleted one is still there');
  },

  'deletes what is still starting, and what crashes': async (s) => {
    await run(s, 'starting', scriptArchive(`setInterval(() => {}, 1_000); console.log(process.pid);`));
    const pid = await poll(
      'its process',
      async () => Number((await messages(s, 'starting')).find((m) => /^\d+$/.test(m))) || false,
    );
    await s.runtime.delete(ref('starting'));
    await untilGone(pid);
    await run(s, 'crashing', scriptArchive('process.exit(1);'));
    await until(s, 'crashing', (found) => found.status === 'error');
    await s.runtime.delete(ref('crashing'));
    assert.deepEqual(await s.runtime.read(), []);
  },

  'kills a service that does not stop by itself, and all it started': async (s) => {
    const first = `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")'], { stdio: ['ignore', 'inherit', 'inherit'] });
      console.log('child ' + child.pid);`;
    await run(
      s,
      'stubborn',
      scriptArchive(
        script({ first, after: `process.removeAllListeners('SIGTERM'); process.on('SIGTERM', () => {});` }),
      ),
    );
    await untilRunning(s, 'stubborn');
    const { pid } = newest(s, 'stubborn');
    const child = await poll('its child', async () => {
      const line = (await messages(s, 'stubborn')).find((m) => m.startsWith('child '));
      return line !== undefined && Number(line.slice(6));
    });
    assert.ok(isAlive(child));
    await s.runtime.delete(ref('stubborn'));
    await untilGone(pid);
    await untilGone(child);
  },

  'is told what is unknown by name': async (s) => {
    await rejects(s.runtime.delete(ref('nobody')), /^not found$/, 500);
    await rejects(s.runtime.update({ ...ref('nobody'), source: '' }), /^not found$/, 500);
    await rejects(collect(s.runtime.logs(ref('nobody'))), /^Logs not found for service nobody$/, 500);
    await run(s, 'here', scriptArchive(script()));
    await rejects(s.runtime.delete(ref('here', 'v9')), /^not found$/, 500);
    await rejects(s.runtime.delete(ref('here'), { namespace: 'other' }), /^not found$/, 500);
    await rejects(collect(s.runtime.logs(ref('here'), { namespace: 'other' })), /^Logs not found for service here$/);
  },

  'gives exactly the last lines of both streams, in order and with their times': async (s) => {
    const first = `for (let i = 0; i < 50; i += 1) console.log('line ' + i); console.error('to stderr');`;
    await run(s, 'wordy', scriptArchive(script({ first })));
    await untilRunning(s, 'wordy');
    await poll('the last line', async () => (await messages(s, 'wordy')).includes('ready one'));
    const all = await collect(s.runtime.logs(ref('wordy')));
    const lines = all.filter((r) => /^line \d+$/.test(r.message)).map((r) => r.message);
    assert.deepEqual(
      lines,
      Array.from({ length: 50 }, (_, i) => `line ${i}`),
    );
    assert.equal(all.find((r) => r.message === 'to stderr')?.metadata.stream, 'stderr');
    for (const { timestamp } of all) assert.ok(Number.isInteger(timestamp) && timestamp > 0, String(timestamp));
    assert.deepEqual(
      await messages(s, 'wordy', 3),
      all.slice(-3).map((r) => r.message),
    );
    assert.deepEqual((await messages(s, 'wordy', 10_000)).length, all.length);
  },

  'cuts a line without end, and goes on': async (s) => {
    const first = `process.stdout.write('x'.repeat(200_000) + '\\nafter\\n');`;
    await run(s, 'endless', scriptArchive(script({ first })));
    await untilRunning(s, 'endless');
    const all = await poll('the next line', async () => {
      const found = await messages(s, 'endless');
      return found.includes('after') && found;
    });
    const long = all.find((m) => m.startsWith('xxx'));
    assert.ok(long !== undefined && long.length < 100_000, `${long?.length}`);
  },

  'follows a log without losing or repeating a line, until the reader leaves': async (s) => {
    const after = `let n = 0; setInterval(() => { for (let i = 0; i < 20; i += 1) console.log('n ' + n++); }, 5);`;
    await run(s, 'ticker', scriptArchive(script({ after })));
    await untilRunning(s, 'ticker');
    await poll('first lines', async () => (await messages(s, 'ticker')).includes('n 0'));
    const leave = new AbortController();
    const numbers: number[] = [];
    let failure: unknown;
    try {
      for await (const { message } of s.runtime.logs(ref('ticker'), { follow: true, lines: 0, signal: leave.signal })) {
        if (message.startsWith('n ')) numbers.push(Number(message.slice(2)));
        if (numbers.length >= 500) leave.abort();
      }
    } catch (e) {
      failure = e;
    }
    if (failure !== undefined)
      assert.ok(
        isMicroError(failure) ? failure.code === 499 : (failure as Error).name === 'AbortError',
        String(failure),
      );
    assert.deepEqual(
      numbers.slice(0, 500),
      Array.from({ length: 500 }, (_, i) => i),
    );
  },

  'ends followers when the service is deleted': async (s) => {
    await run(s, 'followed', scriptArchive(script()));
    await untilRunning(s, 'followed');
    const records = s.runtime.logs(ref('followed'), { follow: true })[Symbol.asyncIterator]();
    assert.equal((await records.next()).done, false);
    await s.runtime.delete(ref('followed'));
    for (let next = await records.next(); next.done !== true; ) next = await records.next();
  },

  'refuses archives that reach out of their folder or are not plain': async (s) => {
    const good: ArchiveEntry = { path: 'service.mjs', body: script() };
    const refused: readonly [string, Buffer, RegExp][] = [
      ['climbs', archive([good, { path: '../climbed', body: 'x' }]), /climbed/],
      ['climbs inside', archive([good, { path: 'a/../../climbed', body: 'x' }]), /climbed/],
      ['absolute', archive([good, { path: '/tmp/absolute', body: 'x' }]), /absolute/],
      ['link', archive([good, { path: 'link', type: '2', link: '/etc/passwd' }]), /link/],
      ['hard link', archive([good, { path: 'hard', type: '1', link: '/etc/passwd' }]), /hard/],
      ['device', archive([good, { path: 'device', type: '3' }]), /device/],
      ['backslash', archive([good, { path: '..\\climbed', body: 'x' }]), /climbed/],
      ['twice', archive([good, { path: 'twice', body: '1' }, { path: 'twice', body: '2' }]), /twice/],
      [
        'deep',
        archive([
          good,
          { path: `${'d/'.repeat(48)}x` },
          { path: `${'d/'.repeat(49)}x`.slice(0, 99), type: '2', link: 'x' },
        ]),
        /d\//,
      ],
      ['noise', Buffer.from('this is no archive at all'.repeat(100)), /./],
      ['empty', Buffer.alloc(0), /empty/],
      ['no files', archive([]), /./],
      ['half', scriptArchive(script(), { gzip: true }).subarray(0, 200), /./],
    ];
    for (const [name, bytes, says] of refused) {
      await rejects(upload(s, 'hostile', bytes), says, 400).catch((e: Error) => {
        throw new Error(`${name}: ${e.message}`, { cause: e });
      });
    }
    assert.deepEqual(await s.runtime.read(), []);
  },

  'leaves the stored source as it is when an upload fails': async (s) => {
    await run(s, 'whole', scriptArchive(script()));
    await untilRunning(s, 'whole');
    const { pid } = newest(s, 'whole');
    await rejects(upload(s, 'whole', archive([{ path: '../x', body: 'x' }])), /x/, 400);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield scriptArchive(script({ label: 'half' })).subarray(0, 700);
      throw new Error('the line went dead');
    };
    await assert.rejects(s.runtime.upload(ref('whole'), broken()));
    await s.runtime.update({ ...ref('whole'), source: 'source://whole:latest' });
    await settled(s);
    assert.ok(isAlive(pid));
    assert.equal(instances(s, 'whole').length, 1);
  },

  'refuses what it cannot run': async (s) => {
    const source = await upload(s, 'odd', scriptArchive(script()));
    const create = (o: Partial<RuntimeService>, options: CreateOptions = {}) =>
      s.runtime.create({ ...ref('odd'), source, metadata: {}, ...o }, options);
    await rejects(create({}, { instances: 2 }), /instance/, 400);
    await rejects(create({}, { entrypoint: '../..' }), /entrypoint/, 400);
    await rejects(create({}, { env: ['nonsense'] }), /nonsense/, 400);
    await rejects(create({ source: 'github.com/micro/services/helloworld' }), /remote|not supported/, 400);
    await rejects(create({ source: 'source://never:uploaded' }), /never/, undefined);
    for (const name of ['../odd', 'a/b', '', '.hidden', 'x'.repeat(1_000), 'a\nb']) {
      await rejects(upload(s, name, scriptArchive(script())), /./, 400);
      await rejects(create({ name }), /./, 400);
    }
    await rejects(create({ version: '../v' }), /version/, 400);
    assert.deepEqual(await s.runtime.read(), []);
  },
};

export const testRuntime = (driverName: string, subject: Subject<RuntimeSubject>): void =>
  runConformance('runtime', driverName, subject, cases);
