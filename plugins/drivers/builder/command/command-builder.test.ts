/** The command builder passes the builder suite. */

import { testBuilder } from '../../../../test/conformance/builder.ts';
import { create } from './command-builder.ts';

testBuilder('command', {
  open: create,
  good: { service: { text: '#!/bin/sh\nexit 0\n', mode: 0o755 } },
});
