/** install.sh end to end, offline: piped into each shell this machine has, against a local server whose answers go wrong one by one. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import { asset, latest, openInstaller, script } from './installer.ts';
import { type Answer, endless, redirect, standIn, status, sumsOf, text, truncated } from './release-server.ts';
import type { Kit } from './shell-kit.ts';

const test = suite('install.sh');
const installer = await openInstaller();
const { haveOld, install, kits, program, server, untouched } = installer;
let bin = '';

test.each(() => {
  bin = installer.fresh();
});
test.after(() => installer.close());

for (const one of kits) {
  test(`${one.name}: a first install, a newer version with the old one kept, and the same again`, async () => {
    const first = await install({ kit: one, args: ['--version', '0.1.0'] });
    assert.is(first.code, 0, first.stderr);
    assert.match(first.stdout, `micro v0.1.0 is installed: ${bin}/micro`);
    assert.match(first.stdout, `export PATH="${bin}:$PATH"`);
    assert.equal(readdirSync(bin), ['micro']);
    assert.is(statSync(join(bin, 'micro')).mode & 0o777, 0o755);
    assert.not(server.asked.includes('/latest'));
    const second = await install({ kit: one });
    assert.is(second.code, 0, second.stderr);
    assert.match(second.stdout, 'the version before is kept, to go back: micro upgrade --rollback');
    assert.equal(readdirSync(bin).sort(), ['micro', 'micro.old']);
    assert.is(program(), standIn(latest));
    assert.is(program('micro.old'), standIn('v0.1.0'));
    server.reset();
    const third = await install({ kit: one });
    assert.match(third.stdout, `micro ${latest} is installed already: ${bin}/micro`);
    assert.equal(server.asked, ['/latest', `/${latest}/SHA256SUMS`]);
    assert.is(program('micro.old'), standIn('v0.1.0'));
  });

  const released = standIn(latest);
  const file = `/${latest}/${asset}`;
  const sums = `/${latest}/SHA256SUMS`;
  const faults: readonly { name: string; path: string; answer: Answer; says: RegExp }[] = [
    {
      name: 'a wrong hash',
      path: file,
      answer: text(`${released}#`),
      says: /is damaged or not the released file; noth/,
    },
    {
      name: 'a file that ends early',
      path: file,
      answer: truncated(released),
      says: /cannot download .*nothing was ch/,
    },
    { name: 'a file that ends early unseen', path: file, answer: text(released.slice(9)), says: /damaged or not/ },
    { name: 'a file that is not there', path: file, answer: status(404), says: /cannot download [\s\S]*404/ },
    { name: 'a broken server', path: file, answer: status(500), says: /cannot download [\s\S]*500/ },
    { name: 'hashes that are not there', path: sums, answer: status(404), says: /SHA256SUMS[\s\S]*404/ },
    { name: 'hashes without our file', path: sums, answer: text('12  micro-os2-x86\n'), says: /does not name micro-/ },
    { name: 'hashes that are none', path: sums, answer: text(`12  ${asset}\n`), says: /is damaged: no sha256 for/ },
    { name: 'endless hashes', path: sums, answer: endless, says: /cannot download .*SHA256SUMS/ },
    { name: 'no latest', path: '/latest', answer: status(404), says: /cannot download .*latest/ },
    { name: 'an empty latest', path: '/latest', answer: text(''), says: /latest is empty/ },
    {
      name: 'a page instead of a version',
      path: '/latest',
      answer: text('<html>'),
      says: /that is no version: .*html/,
    },
    { name: 'a version that climbs', path: '/latest', answer: text('v1.2.3/../x'), says: /that is no version/ },
    { name: 'a redirect to itself', path: '/latest', answer: redirect('/latest'), says: /cannot download .*latest/ },
  ];
  for (const fault of faults)
    test(`${one.name}: ${fault.name} changes nothing`, async () => {
      haveOld();
      server.wrong.set(fault.path, fault.answer);
      const { code, stderr } = await install({ kit: one });
      assert.is(code, 1, stderr);
      assert.match(stderr, /^micro: /m);
      assert.match(stderr, fault.says, stderr);
      untouched();
    });

  test(`${one.name}: a server that is not there changes nothing`, async () => {
    haveOld();
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { code, stderr } = await install({ kit: one, env: { MICRO_INSTALL_URL: url } });
    assert.is(code, 1);
    assert.match(
      stderr,
      /cannot download .*latest[\s\S]*(refused|[Cc]ould ?n[o']t connect|[Ff]ailed to connect|can't connect)/,
      stderr,
    );
    untouched();
  });

  test(`${one.name}: a program that does not run here changes nothing`, async () => {
    haveOld();
    const bad = '#!/bin/sh\necho "libfoo.so.9: not found" >&2\nexit 127\n';
    server.wrong.set(`/${latest}/${asset}`, text(bad));
    server.wrong.set(`/${latest}/SHA256SUMS`, text(sumsOf(bad)));
    const { code, stderr } = await install({ kit: one });
    assert.is(code, 1);
    assert.match(stderr, /v0\.2\.0 does not run here; nothing was changed\n {2}libfoo\.so\.9: not found/, stderr);
    untouched();
  });

  test(`${one.name}: a program whose loader is missing changes nothing`, async () => {
    haveOld();
    const bad = '#!/no/such/loader\n';
    server.wrong.set(file, text(bad));
    server.wrong.set(sums, text(sumsOf(bad)));
    const { code, stderr } = await install({ kit: one });
    assert.is(code, 1);
    assert.match(stderr, /v0\.2\.0 does not run here; nothing was changed\n.*\n {2}on Linux it needs glibc/, stderr);
    untouched();
  });

  test(`${one.name}: half a script does nothing`, () => halfScripts(one));
}
/** Every cut near the end, and some in between. */
const halfScripts = async (one: Kit): Promise<void> => {
  const whole = script.trimEnd().length;
  for (let length = 1; length < whole; length += length > whole - 40 ? 1 : 211) {
    const { stdout } = await install({ kit: one, stdin: script.slice(0, length) });
    assert.is(stdout, '', `cut at ${length}`);
  }
  assert.equal(server.asked, []);
  assert.not(existsSync(bin));
};

const closedPort = async (): Promise<number> => {
  const listener = createServer();
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as { port: number };
  await new Promise((done) => listener.close(done));
  return port;
};

test.run();
