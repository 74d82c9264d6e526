/** The auth tests of Micro v3's own test suite, by its own command line as it was released (Go, v3.19.0), against our server. */

import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type GoLine, runLines } from '../support/go-lines.ts';
import { type GoMicro, openGoMicro } from '../support/go-micro.ts';
import { poll } from '../support/poll.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: the Go command line, auth');

/** Of many commands, on machines with much else to do. */
const patient = { limitMs: 90_000 };
const loggedIn = 'Successfully logged in.';
const logIn = (user: string, password: string): GoLine => ({
  micro: ['login', '--email', user, '--password', password],
  prints: loggedIn,
});

const tests = (go: GoMicro<'micro'>): void => {
  let server: Server;
  const config = join(go.folder, 'home', 'config-testAuth.json');
  const before = ['-auth_public_key', '', '-auth_private_key', '', '-c', config];
  /** As v3's tests call it: its own config file, and the environment by flag. */
  const micro = (words: readonly string[]) =>
    go.run('micro', [...before, ...(words[0] === 'env' ? [] : ['-e', 'testAuth']), ...words]);
  const runs = (lines: readonly GoLine[]): Promise<void> => runLines(micro, lines);

  test.before(async () => {
    server = await startServer();
    await runs([
      { micro: `env add testAuth ${server.proxyAddress}` },
      { micro: 'env', prints: new RegExp(`testAuth +${server.proxyAddress}`) },
    ]);
  });

  test.after(async () => {
    await server?.stop();
    go.remove();
  });

  test(
    'TestServerAuth: an account, a rule and tokens are there',
    () =>
      runs([
        logIn('admin', 'micro'),
        { micro: 'auth list accounts', prints: /^admin\s/m },
        { micro: 'auth list rules', prints: /^default\s/m },
        {
          micro: ['call', 'auth', 'Auth.Token', '{"id":"admin","secret":"micro"}'],
          prints: /"token": \{\s+"access_token": "[^"]+",[\s\S]*"expiry": "\d+"/,
        },
      ]),
    patient,
  );

  test(
    'TestPasswordChange: the new one logs in, the old one does not',
    () =>
      runs([
        { micro: 'auth create account --secret mystrongpass me@email.com', prints: /^Account created: / },
        logIn('me@email.com', 'mystrongpass'),
        { micro: 'user', prints: 'me@email.com' },
        {
          micro: 'user set password --old-password wrongpass --new-password mystrongpass2',
          exit: 1,
          prints: /Secret not correct/,
        },
        { micro: 'user set password --old-password mystrongpass --new-password mystrongpass2' },
        { micro: 'login --email me@email.com --password mystrongpass', exit: 1, prints: 'Secret not correct' },
        logIn('me@email.com', 'mystrongpass2'),
      ]),
    patient,
  );

  test(
    'TestUsernameLogin: id and name log in, and names are not given twice',
    () => {
      const generate = (id: string): readonly string[] => [
        ...['call', 'auth', 'Auth.Generate'],
        JSON.stringify({ id, name: 'someUsername', secret: 'password', scopes: ['admin'] }),
      ];
      return runs([
        logIn('admin', 'micro'),
        { micro: generate('someID'), prints: /"someUsername"/ },
        { micro: 'login --username someUsername --password password', prints: loggedIn },
        { micro: 'login --username someID --password password', prints: loggedIn },
        logIn('someID', 'password'),
        { micro: generate('someID1'), exit: 127, prints: 'Account with this Name already exists' },
        { micro: 'auth list accounts', prints: /^someID\s+someUsername\s/m },
        { micro: 'user', prints: 'someUsername' },
        { micro: 'user config', prints: /someUsername/ },
        { micro: 'user set password --old-password password --new-password password1' },
        { micro: 'login --username someUsername --password password1', prints: loggedIn },
      ]);
    },
    patient,
  );

  test(
    'TestNoDefaultAccount and TestPublicAPI: a namespace has whom an admin of micro puts there',
    () =>
      runs([
        logIn('admin', 'micro'),
        { micro: 'user config set namespaces.testAuth.all micro,empty,peopled' },
        { micro: 'user config set namespaces.testAuth.current empty' },
        { micro: 'login --email admin --password micro', exit: 1, prints: 'Account not found with this ID' },
        { micro: 'status', exit: 2, prints: /Not authorized/ },
        { micro: 'user config set namespaces.testAuth.current micro' },
        logIn('admin', 'micro'),
        {
          micro: 'auth create account --secret micro --scopes admin --namespace peopled admin',
          prints: /"issuer":"peopled"/,
        },
        { micro: 'user config set namespaces.testAuth.current peopled' },
        logIn('admin', 'micro'),
        { micro: 'status', prints: /^(NAME.*)?$/ },
        { micro: 'auth list accounts', prints: /^admin\s/m },
        { micro: 'user config set namespaces.testAuth.current micro' },
        { micro: 'user', prints: 'admin' },
      ]),
    patient,
  );

  test('TestDeleteOwnAccount: nobody deletes the account he uses', () =>
    runs([
      logIn('admin', 'micro'),
      { micro: 'auth delete account admin', exit: 1, prints: /Can't delete your own account/ },
      { micro: 'auth list accounts', prints: /^admin\s/m },
    ]));

  test(
    'TestServerLockdown: with a rule for those who are logged in, nobody else gets in',
    async () => {
      const answer = await fetch(`http://${server.apiAddress}/store/list`, { headers: { 'Micro-Namespace': 'micro' } });
      assert.is(answer.status, 401);
      await answer.arrayBuffer();
      await runs([
        logIn('admin', 'micro'),
        { micro: 'auth create account --secret mystrongpass member@email.com', prints: /^Account created: / },
        {
          micro: 'auth create rule --access=granted --scope=* --resource=*:*:* onlyloggedin',
          prints: 'Rule created',
        },
        {
          micro: 'auth create rule --access=granted --resource=service:auth:Auth.Token authpublic',
          prints: 'Rule created',
        },
        { micro: 'auth delete rule default', prints: 'Rule deleted' },
        { micro: 'logout' },
        { micro: 'auth list rules', exit: 1, prints: /Unauthorized|account is required/ },
      ]);
      await poll(
        'a member logs in',
        async () => (await micro(['login', '--email', 'member@email.com', '--password', 'mystrongpass'])).code === 0,
      );
      await runs([
        { micro: 'auth list rules', prints: /^(?=[\s\S]*\bonlyloggedin\b)(?=[\s\S]*\bauthpublic\b)/ },
        { micro: 'services', prints: /^auth$/m },
        { micro: 'store list', exit: 1, prints: /"code":401,"detail":"Unauthorized"/ },
      ]);
    },
    patient,
  );
};

const go = await openGoMicro(['micro']);
if ('absent' in go) process.stdout.write(`SKIP the Go command line: ${go.absent}\n`);
else tests(go);

test.run();
