/**
 * Golden transcripts: reads a .txtar file and runs its lines against the real command line in a fresh folder with a fresh HOME.
 * Owns the parser and the verbs; servers are started by server.ts, files are run by run-script.ts.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { microCommand, type Server, startServer } from './server.ts';

/** Where the example services are: `cp $EXAMPLES/helloworld helloworld`. */
const examples = join(import.meta.dirname, '..', '..', 'examples');
/** Milliseconds `until` polls at the most, and its pause between two looks. */
const untilLimitMs = 30_000;
const untilPauseMs = 100;
/** Milliseconds one `exec` may take. */
const execLimitMs = 60_000;

export interface Archive {
  readonly comment: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Splits a txtar text at its `-- name --` lines; what stands before the first is the script. */
export const parseTxtar = (text: string): Archive => {
  const files = new Map<string, string>();
  let comment = '';
  let name: string | undefined;
  for (const line of text.split(/(?<=\n)/)) {
    const marker = /^-- (.+) --\r?\n?$/.exec(line);
    if (marker) {
      name = marker[1]!.trim();
      files.set(name, '');
    } else if (name === undefined) comment += line;
    else files.set(name, files.get(name)! + line);
  }
  return { comment, files };
};

export const formatTxtar = (a: Archive): string =>
  a.comment + [...a.files].map(([name, body]) => `-- ${name} --\n${body}`).join('');

/** Words of one line: blanks separate, '…' quotes ('' inside stands for one quote), # at a word's start opens a comment. */
export const splitWords = (line: string): string[] => {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i += 1) {
    const c = line[i]!;
    if (c === "'") {
      word ??= '';
      for (i += 1; ; i += 1) {
        if (i >= line.length) throw new Error('unclosed quote');
        if (line[i] !== "'") word += line[i];
        else if (line[i + 1] === "'") {
          word += "'";
          i += 1;
        } else break;
      }
    } else if (c === ' ' || c === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === '#' && word === undefined) break;
    else word = (word ?? '') + c;
  }
  if (word !== undefined) words.push(word);
  return words;
};

interface Result {
  stdout: string;
  stderr: string;
  code: number;
}

interface Run {
  readonly work: string;
  readonly files: Map<string, string>;
  readonly updated: Set<string>;
  readonly update: boolean;
  cwd: string;
  env: Record<string, string | undefined>;
  stdin: string;
  last: Result;
  servers: Server[];
  background: { child: ChildProcess; done: Promise<Result>; printed: Result }[];
}

export interface ScriptResult {
  /** Lines that ran. */
  readonly lines: number;
  /** Set when the script asked to be skipped here. */
  readonly skipped?: string;
  /** The archive as it should be, when UPDATE=1 changed expected output. */
  readonly updatedText?: string;
}

/** Runs one transcript; throws an error that names file, line and both outputs at the first line that does not hold. */
export const runScript = async (file: string, o: { update?: boolean } = {}): Promise<ScriptResult> => {
  const archive = parseTxtar(readFileSync(file, 'utf8'));
  const work = mkdtempSync(join(tmpdir(), 'micro-script-'));
  const home = join(work, '.home');
  mkdirSync(home, { mode: 0o700 });
  const run: Run = {
    work,
    files: new Map(archive.files),
    updated: new Set(),
    update: o.update ?? false,
    cwd: work,
    env: { ...process.env, HOME: home, WORK: work, EXAMPLES: examples, NO_COLOR: '1' },
    stdin: '',
    last: { stdout: '', stderr: '', code: 0 },
    servers: [],
    background: [],
  };
  for (const [name, body] of archive.files) writeInside(work, name, body);
  let lines = 0;
  try {
    for (const [index, line] of archive.comment.split('\n').entries()) {
      const words = splitWords(line);
      if (words.length === 0) continue;
      if (words[0] === 'skip') return { lines, skipped: words.slice(1).join(' ') };
      try {
        await step(run, words);
      } catch (e) {
        throw new Error(report(file, index + 1, line, e, run.last), { cause: e });
      }
      lines += 1;
    }
  } finally {
    for (const b of run.background) b.child.kill('SIGKILL');
    for (const s of run.servers.reverse()) await s.stop();
    rmSync(work, { recursive: true, force: true });
  }
  if (run.updated.size === 0) return { lines };
  return { lines, updatedText: formatTxtar({ comment: archive.comment, files: run.files }) };
};

const report = (file: string, line: number, text: string, e: unknown, last: Result): string =>
  [
    `${file}:${line}: ${text.trim()}`,
    `  ${e instanceof Error ? e.message : String(e)}`,
    `  last exit code ${last.code}`,
    `  --- stdout\n${last.stdout}`,
    `  --- stderr\n${last.stderr}`,
  ].join('\n');

type Verb = (run: Run, args: string[], negated: boolean) => Promise<void> | void;

const step = async (run: Run, words: string[]): Promise<void> => {
  const negated = words[0] === '!';
  const [name = '', ...args] = negated ? words.slice(1) : words;
  const verb = verbs[name];
  if (!verb) throw new Error(`unknown verb: ${name}`);
  await verb(
    run,
    // Patterns keep their $: it is the end of a line there.
    name === 'stdout' || name === 'stderr' || name === 'background' ? args : args.map((a) => expand(run, a)),
    negated,
  );
};

const expand = (run: Run, word: string): string =>
  word.replace(/\$\{?([A-Z_][A-Z0-9_]*)\}?/g, (whole, name: string) => run.env[name] ?? whole);

const verbs: Readonly<Record<string, Verb>> = {
  /**
   * server [NAME=VALUE …]: starts a server of its own on free ports; API and PROXY hold its addresses.
   * server stop | kill9: ends the last one; its exit code and output are the result. Started again, it has the same home.
   */
  server: async (run, args) => {
    if (args[0] === 'stop' || args[0] === 'kill9') return endServer(run, args[0]);
    const extra = Object.fromEntries(args.map((a) => [a.slice(0, a.indexOf('=')), a.slice(a.indexOf('=') + 1)]));
    const server = await startServer({ home: run.env.HOME!, cwd: run.work, env: extra });
    run.servers.push(server);
    run.env = { ...run.env, ...server.env, API: server.apiAddress, PROXY: server.proxyAddress };
  },
  /** exec COMMAND … [&]: must exit 0 (with !: must not). `micro` is the command line under test. */
  exec: async (run, args, negated) => {
    const inBackground = args.at(-1) === '&';
    const started = start(run, inBackground ? args.slice(0, -1) : args);
    run.stdin = '';
    if (inBackground) {
      run.background.push(started);
      return;
    }
    run.last = await started.done;
    if (negated ? run.last.code === 0 : run.last.code !== 0) throw new Error(`exit code ${run.last.code}`);
  },
  /** code N: the exit code of the last command, or the status of the last http request. */
  code: (run, [want]) => {
    if (run.last.code !== Number(want)) throw new Error(`code is ${run.last.code}, want ${want}`);
  },
  stdout: (run, [pattern], negated) => matches(run.last.stdout, pattern, negated),
  stderr: (run, [pattern], negated) => matches(run.last.stderr, pattern, negated),
  /** stdin FILE: what the next exec reads. */
  stdin: (run, [name]) => {
    run.stdin = readFileSync(resolve(run.cwd, name!), 'utf8');
  },
  /** cmp stdout|stderr|FILE FILE: equal to the byte; UPDATE=1 rewrites the second one. */
  cmp: (run, [left, right]) => {
    const got =
      left === 'stdout'
        ? run.last.stdout
        : left === 'stderr'
          ? run.last.stderr
          : readFileSync(resolve(run.cwd, left!), 'utf8');
    const want = readFileSync(resolve(run.cwd, right!), 'utf8');
    if (got === want) return;
    if (!run.update || !run.files.has(right!))
      throw new Error(`${left} and ${right} differ\n--- want\n${want}--- got\n${got}`);
    run.files.set(right!, got);
    run.updated.add(right!);
  },
  /** keep NAME: the stdout of the last command as a variable, blanks at its ends left out. */
  keep: (run, [name]) => {
    run.env[name!] = run.last.stdout.trim();
  },
  exists: (run, args, negated) => {
    for (const a of args)
      if (existsSync(resolve(run.cwd, a)) === negated) throw new Error(`${a} ${negated ? 'exists' : 'is missing'}`);
  },
  cp: (run, [from, to]) => cpSync(resolve(run.cwd, from!), resolve(run.cwd, to!), { recursive: true }),
  rm: (run, args) => {
    for (const a of args) rmSync(resolve(run.cwd, a), { recursive: true, force: true });
  },
  cd: (run, [to]) => {
    run.cwd = resolve(run.cwd, to!);
  },
  env: (run, args) => {
    for (const a of args) run.env[a.slice(0, a.indexOf('='))] = a.slice(a.indexOf('=') + 1);
  },
  /** until 'COMMAND' ['PATTERN']: polls until it exits 0 and its stdout matches (with !: does not match). */
  until: async (run, [command, pattern], negated) => {
    const deadline = Date.now() + untilLimitMs;
    for (;;) {
      run.last = await start(run, splitWords(command!)).done;
      const hit = pattern === undefined || new RegExp(pattern, 'm').test(run.last.stdout);
      if (run.last.code === 0 && hit !== negated) return;
      if (Date.now() > deadline) throw new Error(`not within ${untilLimitMs} ms`);
      await new Promise((r) => setTimeout(r, untilPauseMs));
    }
  },
  /** http METHOD PATH [BODY [HEADER: VALUE …]]: asks the API; the body becomes stdout, the headers stderr, the status the code. */
  http: async (run, [method, path, body, ...headers]) => {
    const rsp = await fetch(`http://${run.env.API}${path}`, {
      method: method!,
      body: body || undefined,
      headers: headers.map((h): [string, string] => [h.slice(0, h.indexOf(':')), h.slice(h.indexOf(':') + 1).trim()]),
      signal: AbortSignal.timeout(execLimitMs),
    });
    run.last = {
      stdout: await rsp.text(),
      stderr: [...rsp.headers].map(([k, v]) => `${k}: ${v}\n`).join(''),
      code: rsp.status,
    };
  },
  /** background 'PATTERN': polls until the stdout of the last background command matches. */
  background: async (run, [pattern]) => {
    const printed = run.background.at(-1)?.printed;
    if (!printed) throw new Error('nothing runs in the background');
    for (const deadline = Date.now() + untilLimitMs; !new RegExp(pattern!, 'm').test(printed.stdout); ) {
      if (Date.now() > deadline)
        throw new Error(`not within ${untilLimitMs} ms, only:\n${printed.stdout}${printed.stderr}`);
      await new Promise((r) => setTimeout(r, untilPauseMs));
    }
  },
  /** wait: for all background commands; the last one's result is kept. */
  wait: async (run) => {
    for (const b of run.background.splice(0)) run.last = await b.done;
  },
  /** kill [SIGNAL]: signals the background commands, SIGINT when none is named. */
  kill: (run, [signal]) => {
    for (const b of run.background) b.child.kill((signal ?? 'SIGINT') as NodeJS.Signals);
  },
};

const endServer = async (run: Run, how: 'stop' | 'kill9'): Promise<void> => {
  const server = run.servers.at(-1);
  if (!server) throw new Error('no server was started');
  const code = how === 'stop' ? await server.stop() : await server.kill9().then(() => -1);
  run.last = { stdout: server.output(), stderr: '', code };
};

const matches = (text: string, pattern: string | undefined, negated: boolean): void => {
  if (new RegExp(pattern ?? '', 'm').test(text) === negated)
    throw new Error(`${negated ? 'matches' : 'no match for'}: ${pattern}`);
};

const start = (run: Run, [name = '', ...args]: string[]): Run['background'][number] => {
  const [command, before] = name === 'micro' ? microCommand() : [name, []];
  const child = spawn(command, [...before, ...args], {
    cwd: run.cwd,
    env: run.env,
    stdio: 'pipe',
    timeout: execLimitMs,
  });
  const result: Result = { stdout: '', stderr: '', code: -1 };
  child.stdout!.on('data', (d) => (result.stdout += d));
  child.stderr!.on('data', (d) => (result.stderr += d));
  child.stdin!.on('error', () => {
    // The command did not read its input; whether that matters shows in its exit code.
  });
  child.stdin!.end(run.stdin);
  const done = new Promise<Result>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => settle({ ...result, code: code ?? (signal === 'SIGINT' ? 130 : 128) }));
  });
  return { child, done, printed: result };
};

const writeInside = (folder: string, name: string, body: string): void => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
};
