/** A login whose tokens were damaged on the disk (v3's TestCorruptedTokenLogin): no login, said with its reason, nobody else's either, and the next login is as good as any. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { type Server, startServer } from '../support/server.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: damaged logins');

let server: Server;

test.before(async () => {
  server = await startServer();
  await ok(server, ['call', 'auth', 'Auth.Generate', '{"id":"jane","secret":"s3cret"}']);
});

test.after(() => server?.stop());

const logIn = async (): Promise<void> =>
  assert.is(await ok(server, ['login', '--username', 'jane', '--password', 's3cret']), 'Successfully logged in.\n');

interface Login {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly created: number;
  readonly expiry: number;
}

const past = 1_000_000_000;
/** Bytes 8 to 15 of a text are others. */
const scratched = (text: string): string =>
  text.slice(0, 8) + [...text.slice(8, 16)].map((c) => (c === 'A' ? 'B' : 'A')).join('') + text.slice(16);
const encoded = (login: object): string => Buffer.from(JSON.stringify(login)).toString('base64');

/** What becomes of the second half of a line, and whether the login still holds. */
const damages: readonly {
  readonly name: string;
  readonly holds?: boolean;
  readonly damage: (login: Login) => string;
}[] = [
  { name: 'the access token is past its time', holds: true, damage: (l) => encoded({ ...l, expiry: past }) },
  {
    name: 'the access token is scratched',
    holds: true,
    damage: (l) => encoded({ ...l, access_token: scratched(l.access_token) }),
  },
  {
    name: 'the refresh token is scratched, when it is needed',
    damage: (l) => encoded({ ...l, refresh_token: scratched(l.refresh_token), expiry: past }),
  },
  {
    name: 'both tokens are scratched',
    damage: (l) =>
      encoded({ ...l, access_token: scratched(l.access_token), refresh_token: scratched(l.refresh_token) }),
  },
  { name: 'there is no refresh token', damage: (l) => encoded({ ...l, refresh_token: '', expiry: past }) },
  { name: 'the refresh token is a number', damage: (l) => encoded({ ...l, refresh_token: 7, expiry: past }) },
  { name: 'the line is cut', damage: (l) => encoded(l).slice(0, 40) },
  { name: 'the line is no base64', damage: () => '%%%' },
  { name: 'the line is gone', damage: () => '' },
];

for (const { name, holds = false, damage } of damages)
  test(`${name}: ${holds ? 'the login holds' : 'there is no login until the next one'}`, async () => {
    const file = join(server.home, '.micro', 'tokens');
    await logIn();
    const lines = readFileSync(file, 'utf8').split('\n');
    const damaged = lines.map((line) => {
      const at = line.lastIndexOf(':');
      if (!line.slice(0, at).endsWith('/jane')) return line;
      const text = damage(JSON.parse(Buffer.from(line.slice(at + 1), 'base64').toString('utf8')));
      return text === '' ? '' : `${line.slice(0, at)}:${text}`;
    });
    assert.ok(lines.some((line) => line.includes('/jane:')));
    writeFileSync(file, damaged.join('\n'));
    const { code, stdout, stderr } = await server.micro(['status']);
    assert.is(code, holds ? 0 : 2, stdout + stderr);
    if (!holds) assert.match(stderr, /^Not authorized to perform this request\n.*micro login$/m);
  });

test('the next login is as good as any', async () => {
  await logIn();
  await ok(server, ['status']);
});

test.run();
