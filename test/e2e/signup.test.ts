/** Signing up against examples/signup: the whole conversation on a terminal and from a pipe, and everything that must not make an account. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type MicroResult, microCommand, runMicro, type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';
import { noTerminal, openTerminal } from '../support/terminal.ts';

const test = suite('e2e: signup');
let server: Server;
let folder: string;

const settings = ['SIGNUP_JOIN=team', 'SIGNUP_PAYMENT_URL=https://pay.example'];

test.before(async () => {
  folder = tempFolder();
  copyExample(folder, 'signup');
  server = await startServer({ cwd: folder });
  await succeeds(['run', '--wait', ...settings.map((text) => `--env_vars=${text}`), './signup']);
});
test.after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const succeeds = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await server.micro(args, { cwd: folder });
  assert.is(code, 0, `micro ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};

/** The command line of somebody with a home of their own, who is nobody to the server. */
const envOf = (name: string): NodeJS.ProcessEnv => ({
  ...server.env,
  HOME: join(folder, name),
  MICRO_DATA_DIR: undefined,
});
const micro = (name: string, args: readonly string[], stdin?: string): Promise<MicroResult> =>
  runMicro(args, { cwd: folder, env: envOf(name), stdin });

const logLines = async (email: string): Promise<readonly string[]> =>
  (await succeeds(['logs', '-n', '1000', 'signup'])).split('\n').filter((line) => line.includes(`email=${email} `));

/** What the post would have brought; reading the log is the operator's right. */
const sentCode = async (email: string): Promise<string> => {
  const codes = (await logLines(email)).flatMap((line) => /code=([A-Z2-9]{8}) /.exec(line)?.[1] ?? []);
  const code = codes.at(-1);
  if (code === undefined) throw new Error(`no code was sent to ${email}`);
  return code;
};

/** Asks for a code and leaves; it is good for the next call too. */
const codeFor = async (name: string, email: string): Promise<string> => {
  assert.is((await micro(name, ['signup', '--email', email], '\n')).stderr.split('\n')[0], 'The code is wrong');
  return sentCode(email);
};

const shell = (args: string): string => {
  const [command, before] = microCommand();
  return `${[command, ...before].map((word) => `'${word}'`).join(' ')} ${args}`;
};

test('on a terminal: code, own namespace, payment, password twice, and then logged in', async () => {
  const reason = noTerminal();
  if (reason !== undefined) return console.log(`SKIP on a terminal: ${reason}`);
  const email = 'jane@example.com';
  const terminal = openTerminal(`${shell('signup')}; echo "exit $?"; stty -a`, { cwd: folder, env: envOf('jane') });
  await terminal.until('Enter email address: ');
  terminal.type(`${email}\n`);
  await terminal.until('Enter the OTP sent to your email address: ');
  terminal.type(`${(await sentCode(email)).toLowerCase()}\n`);
  await terminal.until('You may join the namespace team, or have one of your own. Answer "own" or "join": ');
  terminal.type('maybe\n');
  await terminal.until('Answer "maybe" is invalid. Valid answers are: "own" or "join": ');
  terminal.type('own\n');
  await terminal.until('Enter a new password: ');
  terminal.type('first try\n');
  await terminal.until('Verify your password: ');
  terminal.type('other try\n');
  await terminal.until('Passwords do not match. Please try again.');
  await terminal.until('Enter a new password: ');
  terminal.type('jane-secret\n');
  await terminal.until('Verify your password: ');
  terminal.type('jane-secret\n');
  await terminal.until('Please pay at https://pay.example');
  await succeeds(['call', 'signup', 'Signup.SetPaymentMethod', JSON.stringify({ email })]);
  await terminal.until("\r\n\r\nSignup complete! You're now logged in.\r\n");
  await terminal.until('exit 0');
  await terminal.until('icanon');
  assert.is(await terminal.ended, 0);
  assert.not.match(terminal.screen(), /-icanon|-echo |secret|first try|other try/);

  assert.is((await micro('jane', ['user'])).stdout, 'jane@example.com\n');
  const own = (await micro('jane', ['user', 'namespace'])).stdout.trim();
  assert.match(own, /^jane-[0-9a-f]{8}$/);
  assert.is((await micro('jane', ['namespace'])).stdout, `  micro\n* ${own}\n`);
  assert.is((await micro('jane', ['status'])).code, 0, 'the namespace is hers to look at');
  assert.is((await micro('jane', ['-namespace', 'micro', 'services'])).code, 2, 'and no other is');
  assert.not.match((await logLines(email)).join('\n'), /jane-secret/);
});

test('from a pipe: one line an answer, and an address is good for one account', async () => {
  const email = 'piet@example.com';
  const code = await codeFor('piet', email);
  const joined = await micro('piet', ['signup'], `${email}\n${code}\njoin\npiet-secret\npiet-secret\n`);
  assert.is(joined.code, 0, joined.stderr);
  assert.match(joined.stdout, /\n\nSignup complete! You're now logged in\.\n$/);
  assert.not.match(joined.stdout, /pay\.example/, 'a namespace that is there costs nothing');
  assert.is((await micro('piet', ['user'])).stdout, `${email}\n`);
  assert.is((await micro('piet', ['namespace', 'get'])).stdout, 'team\n');
  assert.is((await micro('piet', ['logout'])).code, 0);
  const login = await micro('piet', ['login', '--email', email, '--password', 'piet-secret']);
  assert.is(login.stdout, 'Successfully logged in.\n');

  const again = await codeFor('piet', email);
  assert.is.not(again, code, 'a code is used once');
  const second = await micro('piet', ['signup', '--email', email, '--password', 'other-secret'], `${again}\njoin\n`);
  assert.is(second.code, 1);
  assert.is(
    second.stderr,
    `There is an account for ${email} already\nmicro login --email ${email}, or micro signup --recover\n`,
  );

  const recover = await micro('piet', ['signup', '--recover', '--email', email]);
  assert.equal([recover.code, recover.stdout, recover.stderr], [0, '', '']);
  assert.match((await logLines(email)).join('\n'), /namespace=team service=signup .*reminder/);
  const unknown = await micro('piet', ['signup', '--recover'], 'unknown@example.com\n');
  assert.equal([unknown.code, unknown.stderr], [0, '']);
  assert.equal(await logLines('unknown@example.com'), []);
});

for (const { what, password, answers, text } of [
  { what: 'a short password', password: 'short', answers: 'join', text: 'The password is shorter than 8 characters' },
  { what: 'no answer at all', password: 'long-enough', answers: '', text: 'no valid answer within' },
])
  test(`${what} makes no account, and the code stays good`, async () => {
    const email = `${what.replaceAll(' ', '-')}@example.com`;
    const code = await codeFor('tim', email);
    const args = ['signup', '--email', email, '--password'];
    const failed = await micro('tim', [...args, password], `${code}\n${answers}\n`);
    assert.is(failed.code, 1);
    assert.match(failed.stderr, new RegExp(`^${text}`));
    const done = await micro('tim', [...args, 'long-enough'], `${code}\njoin\n`);
    assert.is(done.code, 0, done.stderr);
  });

test('what the command never sends is refused as well', async () => {
  const email = 'mallory@example.com';
  const token = await codeFor('mallory', email);
  for (const { request, detail } of [
    { request: { namespace: 'micro' }, detail: 'the namespace micro cannot be joined' },
    { request: { namespace: '' }, detail: 'a payment is required' },
    { request: { namespace: 'team', token: 'AAAAAAAA' }, detail: 'the code is wrong' },
    { request: { namespace: 'team', email: 'other@example.com' }, detail: 'the code is wrong' },
  ]) {
    const body = JSON.stringify({ email, token, secret: 'mallory-secret', ...request });
    const { code, stderr } = await micro('mallory', ['call', 'signup', 'Signup.CompleteSignup', body]);
    assert.is(code, 127);
    assert.is(stderr.split('\n')[0], detail);
  }
});

test('an expired code makes no account', async () => {
  await succeeds(['kill', 'signup']);
  await succeeds(['run', '--wait', '--env_vars=SIGNUP_CODE_SECONDS=0', './signup']);
  const email = 'late@example.com';
  const code = await codeFor('late', email);
  const body = JSON.stringify({ email, token: code });
  const late = await micro('late', ['call', 'signup', 'Signup.Verify', body]);
  assert.is(late.code, 127);
  assert.is(late.stderr, 'the code has expired\nmicro signup sends a new one\n');
});

test.run();
