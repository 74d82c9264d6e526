/** The proxy client passes the client suite also when the services run in the proxy's own process, where the frame engine answers. */

import { testClient } from '../../../../test/conformance/client.ts';
import { openLocalProxyClient } from '../../../../test/conformance/open-client.ts';

testClient('proxy, services in its process', { open: openLocalProxyClient });
