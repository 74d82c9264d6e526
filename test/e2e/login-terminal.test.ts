/** Questions on a real terminal: what is typed at a hidden one never shows, and ^C leaves the terminal as it was. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { microCommand, type Server, startServer } from '../support/server.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';
import { noTerminal, openTerminal, type Terminal } from '../support/terminal.ts';

const test = suite('e2e: login on a terminal');
const missing = noTerminal();
let server: Server;
let folder: string;

test.before(async () => {
  if (missing !== undefined) return;
  folder = tempFolder();
  server = await startServer({ cwd: folder });
});
test.after(async () => {
  if (missing !== undefined) return;
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The command, its exit code, and how it left the terminal. */
const open = (args: string): Terminal => {
  const [command, before] = microCommand();
  const words = [command, ...before].map((word) => `'${word}'`).join(' ');
  // The shell lives on when the terminal sends ^C to both.
  const line = `trap : INT; ${words} ${args}; echo "exit $?"; stty -a`;
  return openTerminal(line, { cwd: folder, env: server.env });
};

/** Waits for the end and asserts that the terminal echoes and reads lines. */
const endsSane = async (terminal: Terminal, code: number): Promise<void> => {
  await terminal.until(`exit ${code}\r\n`);
  await terminal.ended;
  const [, state = ''] = terminal.screen().split(`exit ${code}\r\n`);
  assert.match(state, / icanon /);
  assert.match(state, / echo /);
};

const onTerminal = (what: string, body: () => Promise<void>): void =>
  test(what, async () => {
    if (missing !== undefined) console.log(`SKIP ${what}: ${missing}`);
    else await body();
  });

onTerminal('the password does not show, and can be mended', async () => {
  const terminal = open('login');
  await terminal.until('Enter username: ');
  terminal.type('admin\n');
  await terminal.until('Enter password: ');
  terminal.type('wr\u0015ong\u007f\u007f\u007f\u007f\u001bmicrö\u007fo\r');
  await terminal.until('\r\nSuccessfully logged in.\r\n');
  await endsSane(terminal, 0);
  assert.match(terminal.screen(), /^Enter username: admin\r\nEnter password: \r\nSuccessfully/);
});

onTerminal('^C at the hidden question ends with 130 and gives the echo back', async () => {
  const terminal = open('login --username admin');
  await terminal.until('Enter password: ');
  terminal.type('half a passw\u0003');
  await endsSane(terminal, 130);
  assert.match(terminal.screen(), /^Enter password: \r\nexit 130\r\n/);
});

onTerminal('^C at a visible question ends with 130 on a line of its own', async () => {
  const terminal = open('login');
  await terminal.until('Enter username: ');
  terminal.type('half\u0003');
  await endsSane(terminal, 130);
  assert.match(terminal.screen(), /^Enter username: (half)?\^C\r\nexit 130\r\n/);
});

onTerminal('a blank new password is asked for again, and the login outlives the change', async () => {
  const terminal = open('user set password');
  await terminal.until('Enter current password: ');
  terminal.type('micro\n');
  await terminal.until('Enter a new password: ');
  terminal.type('\n');
  await terminal.until('The password is blank. Please try again.');
  await terminal.until('Enter a new password: ');
  terminal.type('a longer one\n');
  await terminal.until('Verify your password: ');
  terminal.type('a longer one\n');
  await endsSane(terminal, 0);
  assert.not.match(terminal.screen(), /longer/);
  const { code, stdout } = await server.micro(['user']);
  assert.equal([code, stdout], [0, 'admin\n']);
  const login = await server.micro(['login', '--username', 'admin', '--password', 'a longer one']);
  assert.is(login.stdout, 'Successfully logged in.\n');
});

test.run();
