/** Requests and metadata of `micro call` and `micro stream`. */

import assert from 'node:assert/strict';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';

import { callMetadata, callRequest } from './call-request.ts';

const test = suite('call request');

for (const [words, want] of [
  [[], '{}'],
  [[''], '{}'],
  [['{"a": 1}'], '{"a":1}'],
  [['{"a":', '9223372036854775807}'], '{"a":9223372036854775807}'],
  [['{"a":1} {"b":2}'], '{"a":1}'],
  [['null'], '{}'],
] as const)
  test(`sends ${want} for ${JSON.stringify(words)}`, () =>
    assert.equal(new TextDecoder().decode(callRequest(words)), want));

for (const words of [['{'], ['[1]'], ['name=John'], ['"x"'], ['1']])
  test(`refuses ${words.join(' ')}`, () =>
    assert.throws(
      () => callRequest(words),
      (e) => e instanceof ExitError && e.exitCode === 1 && e.message.startsWith('Error creating request '),
    ));

test('reads metadata, keeping = in values and leaving out what has none', () => {
  assert.deepEqual(callMetadata(['Authorization=Bearer a=b', 'x', 'K=']), { authorization: 'Bearer a=b', k: '' });
});

test.run();
