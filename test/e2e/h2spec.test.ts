/** HTTP/2 conformance of the proxy: h2spec fails nothing here that it does not fail on nginx. nginx is asked in the same run where it is installed. */

import * as assert from 'uvu/assert';

import { goProgram } from '../support/go-program.ts';
import { findNginx, startNginx } from '../support/nginx.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';
import { runH2spec, sectionOf } from './h2spec-cases.ts';
import { nginxFailures } from './h2spec-nginx.ts';

const test = suite('h2spec');

/** Cases of all sections, as a run of nothing would fail nothing. */
const casesMin = 140;
/** Most failures show by silence: short in the first run, and long enough for a busy machine when those are asked again. */
const waitSeconds = 1;
const waitAgainSeconds = 3;

const h2spec = await goProgram('h2spec');

/** What nginx fails of these; asked for their sections alone, as all would take half a minute. */
const failedByNginx = async (program: string, names: readonly string[]): Promise<ReadonlySet<string>> => {
  if (names.length === 0) return new Set();
  if (findNginx() === undefined) return nginxFailures;
  const nginx = await startNginx();
  try {
    const sections = [...new Set(names.map(sectionOf))];
    return new Set((await runH2spec(program, { address: nginx.address, waitSeconds, sections })).failed);
  } finally {
    await nginx.stop();
  }
};

if ('absent' in h2spec) console.log(`SKIP h2spec: ${h2spec.absent}`);
else {
  const program = h2spec.file;

  const servers: Server[] = [];
  test.after(async () => {
    for (const server of servers) await server.stop();
  });

  for (const tls of [false, true])
    test(
      `the proxy fails no case that nginx does not fail${tls ? ', in TLS as well' : ''}`,
      async () => {
        const server = await startServer({ env: { MICRO_PROXY_ENABLE_TLS: String(tls) } });
        servers.push(server);
        const address = server.proxyAddress;
        const first = await runH2spec(program, { address, waitSeconds, tls });
        assert.ok(first.count >= casesMin, `only ${first.count} cases ran`);
        const sections = [...new Set(first.failed.map(sectionOf))];
        const again =
          sections.length === 0
            ? []
            : (await runH2spec(program, { address, waitSeconds: waitAgainSeconds, sections, tls })).failed;
        const failed = first.failed.filter((name) => again.includes(name));
        const excused = await failedByNginx(program, failed);
        assert.equal(
          failed.filter((name) => !excused.has(name)),
          [],
        );
      },
      { limitMs: 110_000 },
    );
}

test.run();
