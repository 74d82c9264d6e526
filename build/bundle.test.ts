/** The scripts of the executable: what a command line that calls reads holds no gRPC library. */

import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { bundle } from './bundle.ts';

const test = suite('bundle');

/** Part of grpc-js itself. */
const mark = 'grpc-node-js/';

test('grpc-js lies in no script that commands share, only with what serves', async () => {
  const { scripts } = await bundle();
  const holding = [...scripts].filter(([, text]) => text.includes(mark)).map(([name]) => name);
  assert.equal(holding, ['service.script.js']);
  for (const name of ['base', 'cli', 'shared', 'verb', 'local', 'call', 'runtime'])
    assert.ok(scripts.has(`${name}.script.js`), name);
});

test.run();
