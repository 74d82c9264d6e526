/** The auth conformance suite on the rpc driver, against the real auth service over the local driver. */

import { testAuth } from '../../../../test/conformance/auth.ts';
import { startRpcAuth } from '../../../../test/conformance/start-rpc-auth.ts';

testAuth('rpc', { open: startRpcAuth });
