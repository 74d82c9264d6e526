/** Tests of the life of a token: what is said in which way, and what cannot be. */

import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { type Life, lifeSeconds } from './life-seconds.ts';

const test = suite('life of a token');

const lives: readonly { readonly name: string; readonly life: Life; readonly want: number | undefined }[] = [
  { name: 'the server decides when nothing is said', life: {}, want: undefined },
  { name: 'a duration counts in seconds', life: { for: 1_800_000 }, want: 1_800 },
  { name: "v3's seconds count as they are", life: { expiry: 90 }, want: 90 },
  { name: "v3's way of asking has v3's life", life: { id: 'jane' }, want: 60 },
  { name: "v3's way of asking takes both forms", life: { id: 'jane', for: 1_000 }, want: 1 },
  { name: "v3's zero says nothing", life: { id: 'jane', expiry: 0 }, want: 60 },
];
for (const { name, life, want } of lives) test(name, () => assert.is(lifeSeconds(life), want));

for (const { life, text } of [
  { life: { for: 1_000, expiry: 1 }, text: /^--for and --expiry say the same thing$/ },
  { life: { for: 300 }, text: /^a token cannot live for 300ms$/ },
  { life: { for: 0 }, text: /^a token cannot live for 0s$/ },
  { life: { for: -5_000 }, text: /^a token cannot live for -5s$/ },
])
  test(`${JSON.stringify(life)} is refused`, () =>
    assert.throws(
      () => lifeSeconds(life),
      (e: Error) => text.test(e.message),
    ));

test.run();
