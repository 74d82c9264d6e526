/** The proxy client passes the client suite, through the real proxy. */

import { testClient } from '../../../../test/conformance/client.ts';
import { openProxyClient } from '../../../../test/conformance/open-client.ts';

testClient('proxy', { open: openProxyClient });
