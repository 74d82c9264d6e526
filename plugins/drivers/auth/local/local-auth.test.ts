/** The auth conformance suite on the local driver, over the memory store. */

import { testAuth } from '../../../../test/conformance/auth.ts';
import { startLocalAuth } from '../../../../test/conformance/start-local-auth.ts';

testAuth('local', {
  open: async () => {
    const started = await startLocalAuth();
    return { driver: started.instance, close: started.stop };
  },
});
