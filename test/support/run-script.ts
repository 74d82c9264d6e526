/** Runs one transcript named on the command line and reports like a test file; UPDATE=1 rewrites the expected output in place. */

import { writeFileSync } from 'node:fs';

import { runScript } from './script.ts';

const file = process.argv[2]!;
let failed = false;
try {
  const result = await runScript(file, { update: process.env.UPDATE === '1' });
  if (result.skipped !== undefined) {
    console.log(`SKIP ${file}: ${result.skipped}`);
  } else {
    if (result.updatedText !== undefined) writeFileSync(file, result.updatedText);
    console.log(`  Total:     1\n  Passed:    1\n  Lines:     ${result.lines}`);
  }
} catch (e) {
  failed = true;
  console.log(e instanceof Error ? e.message : e);
  console.log('  Total:     1\n  Passed:    0');
}
process.exitCode = failed ? 1 : 0;
