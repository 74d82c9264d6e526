/** Runs everything a contributor must see pass: the checks, then each test file and each transcript in a process of its own. Closes with one line `N passed, N failed`. */

import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Files that run at the same time; end-to-end files start servers of their own, so more than the cores does not help. */
const workers = 2;
/** One file may take this long altogether, milliseconds. */
const fileLimitMs = 240_000;
/** Types stripped and code compiled once for all test processes; the folder cmd/micro/main.ts uses as well. */
const compileCache = join(root, 'node_modules', '.cache', 'micro');
const testHomes = ['build', 'cmd', 'internal', 'plugins', 'sdk', 'test', 'examples'];

interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly ms: number;
  readonly output: string;
}

const main = async (): Promise<number> => {
  const patterns = process.argv.slice(2);
  const files = testFiles().filter((f) => patterns.length === 0 || patterns.some((p) => f.includes(p)));
  if (files.length === 0) {
    console.error(`no test file matches: ${patterns.join(' ')}`);
    return 1;
  }
  let failed = 0;
  let passed = 0;
  let skipped = 0;
  if (patterns.length === 0) {
    const check = await run('check', ['build/check.ts'], process.env);
    process.stdout.write(check.output);
    if (check.code === 0) passed += 1;
    else failed += 1;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'micro-tests-'));
  const failures: FileResult[] = [];
  await inParallel(files, async (file) => {
    const result = await runFile(file, scratch);
    passed += result.passed;
    failed += result.failed;
    skipped += result.skipped;
    const mark = result.failed > 0 ? 'FAIL' : 'ok  ';
    console.log(
      `${mark} ${file}  ${result.passed} passed${result.failed ? `, ${result.failed} failed` : ''}  ${result.ms} ms`,
    );
    for (const line of result.output.split('\n')) if (line.startsWith('SKIP ')) console.log(`     ${line}`);
    if (result.failed === 0) return;
    failures.push(result);
    // Told at once as well: a run that is cut short must not lose the reason.
    console.log(result.output.trimEnd());
  });
  rmSync(scratch, { recursive: true, force: true });
  for (const f of failures) console.log(`\n---- ${f.file}\n${f.output.trimEnd()}`);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
};

const testFiles = (): string[] => {
  const found = testHomes.flatMap((home) => globSync(`${home}/**/*.{test.ts,txtar}`, { cwd: root }));
  return found.filter((f) => !f.includes('node_modules')).sort(slowestFirst);
};

/** End-to-end files and transcripts first: they wait more than they work, so the quick ones fill the gaps. */
const slowestFirst = (a: string, b: string): number => Number(isSlow(b)) - Number(isSlow(a)) || a.localeCompare(b);
const isSlow = (f: string): boolean => f.startsWith('test/e2e') || f.endsWith('.txtar');

const runFile = async (file: string, scratch: string): Promise<FileResult> => {
  const home = mkdtempSync(join(scratch, 'home-'));
  const args = file.endsWith('.txtar') ? ['test/support/run-script.ts', file] : [file];
  const started = performance.now();
  const { code, output } = await run(file, args, cleanEnv(home));
  const ms = Math.round(performance.now() - started);
  const total = sum(output, /^\s*Total:\s+(\d+)/gm);
  const passed = sum(output, /^\s*Passed:\s+(\d+)/gm);
  const skipped = sum(output, /^\s*Skipped:\s+(\d+)/gm) + (output.match(/^SKIP /gm)?.length ?? 0);
  if (total === 0 && code === 0 && skipped > 0) return { file, passed: 0, failed: 0, skipped, ms, output };
  if (total === 0)
    return { file, passed, failed: 1, skipped, ms, output: `${output}\nno test ran (does the file end in .run()?)` };
  const failed = total - passed - sum(output, /^\s*Skipped:\s+(\d+)/gm);
  return { file, passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped, ms, output };
};

/** The caller's environment without its own micro settings, and with a home nobody else uses. */
const cleanEnv = (home: string): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith('MICRO_') || name === 'MICRO_TEST_LIMIT_MS') env[name] = value;
  }
  return {
    ...env,
    HOME: home,
    FORCE_COLOR: '0',
    NO_COLOR: '1',
    NODE_NO_WARNINGS: '1',
    NODE_COMPILE_CACHE: compileCache,
  };
};

const sum = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((n, m) => n + Number(m[1]), 0);

const run = (
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    child.stdout.on('data', (d) => (output += d));
    child.stderr.on('data', (d) => (output += d));
    const endGroup = (): void => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // The group has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      output += `\n${name}: killed after ${fileLimitMs} ms\n`;
      endGroup();
    }, fileLimitMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      endGroup();
      resolve({ code: code ?? 1, output });
    });
  });

const inParallel = async (files: readonly string[], work: (file: string) => Promise<void>): Promise<void> => {
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await work(file);
  };
  await Promise.all(Array.from({ length: workers }, worker));
};

process.exitCode = await main();
