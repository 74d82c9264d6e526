/** Callers that leave: 10,000 cancelled calls in a row on one connection cost neither that connection nor memory nor descriptors. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { frame, openSession, rawCall } from '../conformance/raw-grpc.ts';
import { openInspector } from '../support/inspector.ts';
import { poll } from '../support/poll.ts';
import { openAdminCaller } from '../support/rpc.ts';
import { startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';
import { leaveCall, type Stage, stages } from './leave-call.ts';

const test = suite('cancelled calls');

const cancelled = 10_000;
/** Callers at a time: one alone would wait for the machine most of the time. */
const lanes = 16;
/** Before anything is counted: code compiled, pools filled. */
const warmUp = 1_000;
/** Bytes of one call that may stay; anything forgotten with a call, be it one small object, weighs more. */
const leftBytesMax = 100;
/** Connections that come and go by themselves: to nodes, and the server's own. */
const descriptorsLeftMax = 4;

const descriptors = (pid: number): number => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : 0);

const examples = join(import.meta.dirname, '..', '..', 'examples');

/** Milliseconds, for machines that do other work. */
const limitMs = 110_000;

const leaveAsItWas = async (): Promise<void> => {
  const server = await startServer({ env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } });
  const env = { NODE_OPTIONS: undefined };
  try {
    for (const name of ['helloworld', 'everything'])
      assert.is((await server.micro(['run', '--wait', join(examples, name)], { env })).code, 0);
    const caller = await openAdminCaller(server.proxyAddress);
    const inspector = await openInspector(server.output());
    const session = openSession(server.proxyAddress);
    const run = async (stage: Stage, calls: number): Promise<void> => {
      let n = 0;
      const lane = async (): Promise<void> => {
        while (n < calls) {
          n += 1;
          await leaveCall(session, caller.token, stage);
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    };
    for (const stage of stages) await run(stage, warmUp);
    const before = { held: await inspector.held(), descriptors: descriptors(server.pid) };
    for (const stage of stages) await run(stage, cancelled / stages.length);
    assert.not.ok(session.closed || session.destroyed, 'the connection stands');
    const headers = { authorization: `Bearer ${caller.token}` };
    const answer = await rawCall(session, { path: '/helloworld.Helloworld/Call', headers, body: frame('') });
    assert.is(answer.status, 0, 'the next call on it is answered');
    await poll('descriptors as before', () => descriptors(server.pid) <= before.descriptors + descriptorsLeftMax);
    const after = await inspector.held();
    const left = after.heapBytes + after.externalBytes - before.held.heapBytes - before.held.externalBytes;
    assert.ok(left < cancelled * leftBytesMax, `${left} bytes stayed`);
    session.destroy();
    inspector.close();
    await caller.close();
  } finally {
    await server.stop();
  }
};

test('leave the connection, the memory and the descriptors as they were', leaveAsItWas, { limitMs });

test.run();
