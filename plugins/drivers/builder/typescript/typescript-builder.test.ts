/** The TypeScript builder passes the builder suite. */

import { testBuilder } from '../../../../test/conformance/builder.ts';
import { create } from './typescript-builder.ts';

testBuilder('typescript', {
  open: create,
  good: {
    'package.json': { text: '{"name":"x","type":"module"}' },
    'index.ts': { text: "import { a } from './a.ts';\nenum E { A }\nconsole.log(a, E.A);\n" },
    'a.ts': { text: 'export const a: number = 1;\n' },
  },
  faulty: {
    files: { 'index.ts': { text: 'const a = 1;\nconst b: = 2;\n' } },
    says: /^index\.ts:2:\d+: /,
  },
});
