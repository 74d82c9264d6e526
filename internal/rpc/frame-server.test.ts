/** The frame engine's listener, with calls answered by answerFrameCall, passes the cases of every server. */

import { rpcServerCases } from '../../test/conformance/rpc-server.ts';
import { suite } from '../../test/support/suite.ts';
import {
  connectionStreamsMax,
  connectionWindowBytes,
  largeMessagesBytesMax,
  proxyConnectionsMax,
  proxyWindowBytes,
} from '../contract/limits.ts';
import { connectionLimits } from '../h2/connection-limits.ts';
import { createListener } from '../h2/listener.ts';
import { loadTracer } from '../trace/tracer.ts';
import { createDispatcher } from './dispatcher.ts';
import { answerFrameCall } from './frame-call.ts';
import { createMessageMemory } from './message-memory.ts';

const test = suite('frame server');

rpcServerCases(test, async (o) => {
  const faults: unknown[] = [];
  const dispatcher = createDispatcher({ ...o, tracer: await loadTracer({ now: Date.now }) });
  const memory = createMessageMemory(largeMessagesBytesMax);
  const listener = createListener({
    connectionsMax: proxyConnectionsMax,
    limits: {
      ...connectionLimits,
      streamsMax: connectionStreamsMax,
      streamWindowBytes: proxyWindowBytes,
      connectionWindowBytes,
    },
    now: Date.now,
    onStream: (stream, head, endStream) => answerFrameCall(stream, head, { dispatcher, endStream, memory }),
    onFault: (error) => faults.push(error),
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      await listener.close();
      if (faults.length > 0) throw faults[0];
    },
  };
});

test.run();
