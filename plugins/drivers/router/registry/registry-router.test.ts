/** The registry router passes the router suite, reading the memory registry. */

import { testRouter } from '../../../../test/conformance/router.ts';
import { openRegistryRouter } from '../../../../test/conformance/open-router.ts';

testRouter('registry', { open: openRegistryRouter });
