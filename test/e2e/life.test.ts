/** The life of a service that is not perfect: crashes, TypeScript errors, updates, never registering. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { poll } from '../support/poll.ts';
import { processesWith } from '../support/processes.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: life of a service');
let server: Server;
let sources: string;

test.before(async () => {
  sources = tempFolder();
  server = await startServer();
});

test.after(async () => {
  await server?.stop();
  rmSync(sources, { recursive: true, force: true });
});

test('a crash is restarted, and its exit is shown and logged', async () => {
  const folder = writeService(
    sources,
    'crasher',
    oneMethodService('crasher', `if (req.name === 'die') process.exit(7); return { msg: String(process.pid) };`),
  );
  await ok(server, ['run', folder]);
  await untilStatus(server, 'crasher', /running/);
  const before = await ok(server, ['crasher', '--name=who']);
  const died = await server.micro(['crasher', '--name=die']);
  assert.is.not(died.code, 0);
  await untilStatus(server, 'crasher', /running/);
  await poll('the restarted crasher to answer', async () => {
    const { code, stdout } = await server.micro(['crasher', '--name=who']);
    return code === 0 && stdout !== before;
  });
  await ok(server, ['kill', 'crasher']);
});

test('a service that always crashes is an error that tells why, and is not restarted at once', async () => {
  const folder = writeService(sources, 'doomed', {
    ...oneMethodService('doomed', 'return {};'),
    'index.ts': `const start: string = 'up';\nconsole.log(start);\n\nthrow new Error('no luck today');\n`,
  });
  await ok(server, ['run', folder]);
  assert.match(await untilStatus(server, 'doomed', /error/), /error=.*no luck today|error=.*exit/);
  const logs = await poll('the second start', async () => {
    const text = await ok(server, ['logs', '-n', '200', 'doomed']);
    return (text.match(/^up$/gm)?.length ?? 0) >= 2 && text;
  });
  assert.match(logs, /index\.ts:4:7: Error: no luck today/);
  await ok(server, ['kill', 'doomed']);
  assert.is(await ok(server, ['status']), '');
});

test('a TypeScript error is told with file and line by status and logs', async () => {
  const folder = writeService(sources, 'broken', {
    ...oneMethodService('broken', 'return {};'),
    'index.ts': `import { service } from 'micro';\n\nconst broken: = 3;\n`,
  });
  await ok(server, ['run', folder]);
  assert.match(await untilStatus(server, 'broken', /error/), /index\.ts:3/);
  assert.match(await ok(server, ['logs', 'broken']), /index\.ts:3/);
  await ok(server, ['kill', 'broken']);
});

test('handlers that do not fit the proto are told by name', async () => {
  const files = oneMethodService('misfit', 'return {};');
  const folder = writeService(sources, 'misfit', {
    ...files,
    'index.ts': files['index.ts']!.replace('async call(', 'async cal('),
  });
  await ok(server, ['run', folder]);
  assert.match(await untilStatus(server, 'misfit', /error/), /handlers\.Misfit\.cal/);
  await ok(server, ['kill', 'misfit']);
});

test('update takes over changed code without an answer missing', async () => {
  const folder = copyExample(sources, 'helloworld');
  await ok(server, ['run', folder]);
  await untilStatus(server, 'helloworld', /running/);
  const index = join(folder, 'index.ts');
  writeFileSync(index, readFileSync(index, 'utf8').replaceAll('Hello ${', 'Hola ${'));
  const url = `http://${server.apiAddress}/helloworld/call?name=John`;
  const statuses = new Set<number>();
  let updating = true;
  const calls = (async () => {
    while (updating) statuses.add((await fetch(url)).status);
  })();
  await ok(server, ['update', folder]);
  await poll('the new code to answer', async () => (await (await fetch(url)).text()).includes('Hola John'));
  await untilStatus(server, 'helloworld', /running/);
  updating = false;
  await calls;
  assert.equal([...statuses], [200]);
  assert.match(await ok(server, ['helloworld', '--name=John']), /Hola John/);
  await poll('the old process to end', () => processesOf('helloworld').length === 1);
  await ok(server, ['kill', 'helloworld']);
});

test('an update that does not start leaves the old code running', async () => {
  const folder = copyExample(sources, 'helloworld');
  await ok(server, ['run', folder]);
  await untilStatus(server, 'helloworld', /running/);
  writeFileSync(join(folder, 'index.ts'), 'throw new Error("bad update");\n');
  await server.micro(['update', folder]);
  await poll('the failure to be logged', async () =>
    (await ok(server, ['logs', '-n', '200', 'helloworld'])).includes('bad update'),
  );
  assert.match(await ok(server, ['helloworld', '--name=John']), /Hello John/);
  await ok(server, ['kill', 'helloworld']);
});

test('an error of a handler reaches the caller with its code, and the service lives on', async () => {
  await ok(server, ['run', copyExample(sources, 'everything')]);
  await untilStatus(server, 'everything', /running/);
  const url = `http://${server.apiAddress}/everything/fail`;
  const ask = async (body: object): Promise<{ status: number; error: Record<string, unknown> }> => {
    const rsp = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: rsp.status, error: (await rsp.json()) as Record<string, unknown> };
  };
  const missing = await ask({ code: 404, detail: 'no such thing' });
  assert.is(missing.status, 404);
  assert.equal(missing.error, { id: 'everything.fail', code: 404, detail: 'no such thing', status: 'Not Found' });
  const thrown = await ask({ detail: 'plain' });
  assert.is(thrown.status, 500);
  assert.equal(thrown.error, { id: 'everything', code: 500, detail: 'plain', status: 'Internal Server Error' });
  assert.match(await ok(server, ['logs', '-n', '100', 'everything']), /TypeError: plain/);
});

test('every kind of field goes through the dynamic command exactly', async () => {
  const out = await ok(server, [
    'everything',
    'echo',
    '--text=007',
    '--flag',
    '--small=-5',
    '--large=9007199254740993',
    '--usmall',
    '4294967295',
    '--ularge=18446744073709551615',
    '--single-value=1.5',
    '--double_value=-2.25',
    '--data=aGk=',
    '--colour=COLOUR_GREEN',
    '--address_street=Main',
    '--address_number=7',
    '--words=a',
    '--words=b',
    '--numbers=1',
    '--numbers=9007199254740993',
    '--labels={"k":"v=w"}',
  ]);
  const got = JSON.parse(out);
  assert.is(got.text, '007');
  assert.is(got.flag, true);
  assert.is(got.small, -5);
  assert.is(got.large, '9007199254740993');
  assert.is(got.usmall, 4294967295);
  assert.is(got.ularge, '18446744073709551615');
  assert.is(got.single_value, 1.5);
  assert.is(got.double_value, -2.25);
  assert.is(got.data, 'aGk=');
  assert.is(got.colour, 'COLOUR_GREEN');
  assert.is(got.address.street, 'Main');
  assert.is(got.address.number, 7);
  assert.equal(got.words, ['a', 'b']);
  assert.equal(got.numbers, ['1', '9007199254740993']);
  assert.equal(got.labels, { k: 'v=w' });
});

test('a service may call another one, and keep records', async () => {
  const folder = writeService(
    sources,
    'caller',
    oneMethodService(
      'caller',
      `const seen = ((await ctx.store.get('seen')) as number | undefined ?? 0) + 1;
        await ctx.store.set('seen', seen);
        const total = await ctx.client.call('everything', 'Everything.Echo', { text: req.name, large: 9007199254740993n });
        return { msg: \`\${seen} \${total.text} \${total.large} \${ctx.account?.id ?? 'nobody'}\` };`,
    ),
  );
  await ok(server, ['run', folder]);
  await untilStatus(server, 'caller', /running/);
  assert.match(await ok(server, ['caller', '--name=a']), /"1 a 9007199254740993 admin"/);
  assert.match(await ok(server, ['caller', '--name=b']), /"2 b 9007199254740993 admin"/);
});

const processesOf = (name: string): unknown[] => {
  const mine = new Set(processesWith('HOME', server.home).map((p) => p.pid));
  return processesWith('MICRO_SERVICE_NAME', name).filter((p) => mine.has(p.pid));
};

test.run();
