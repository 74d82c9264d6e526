/** The local runtime against the suite that every runtime must pass. */

import { testRuntime } from '../../../../test/conformance/runtime.ts';
import { startLocalRuntime } from '../../../../test/conformance/start-local-runtime.ts';

testRuntime('local', {
  open: async () => {
    const started = await startLocalRuntime();
    return { driver: started, close: () => started.stop() };
  },
});
