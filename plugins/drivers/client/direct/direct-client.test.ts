/** The direct client passes the client suite. */

import { testClient } from '../../../../test/conformance/client.ts';
import { openDirectClient } from '../../../../test/conformance/open-client.ts';

testClient('direct', { open: openDirectClient });
