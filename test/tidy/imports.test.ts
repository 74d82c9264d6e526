/** Import directions: the whole tree against the table, and the table against one good and one bad line each. */

import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import { importFault } from './import-rules.ts';
import { importsOf, sourceFiles } from './source-files.ts';

const test = suite('tidy: imports');

test('every import of the tree goes in an allowed direction', () => {
  const faults = sourceFiles().flatMap((file) => importsOf(file).flatMap((one) => importFault(file.path, one) ?? []));
  assert.equal(faults, []);
});

const snippets: readonly {
  readonly rule: string;
  readonly path: string;
  readonly good: string;
  readonly bad: string;
}[] = [
  {
    rule: 'contract imports nothing of ours',
    path: 'internal/contract/x.ts',
    good: `import type { Y } from './y.ts';`,
    bad: `import { y } from '../log/y.ts';`,
  },
  {
    rule: 'leaves import contract',
    path: 'internal/time/x.ts',
    good: `import { y } from '../contract/y.ts';`,
    bad: `import { y } from '../home/y.ts';`,
  },
  {
    rule: 'rpc is used by the host in serve.ts only',
    path: 'internal/host/x.ts',
    good: `import { y } from '../home/y.ts';`,
    bad: `import { y } from '../rpc/y.ts';`,
  },
  {
    rule: 'manifests import contract only',
    path: 'plugins/drivers/store/x/plugin.ts',
    good: `import { y } from '../../../../internal/contract/y.ts';\nimport type { Z } from './z.ts';\nconst l = () => import('./x.ts');`,
    bad: `import { y } from '../../../../internal/sqlite/y.ts';`,
  },
  {
    rule: 'manifests load no code of their own',
    path: 'plugins/services/x/plugin.ts',
    good: `import type { Z } from './z.ts';`,
    bad: `import { z } from './z.ts';`,
  },
  {
    rule: 'plugins meet through needs',
    path: 'plugins/commands/run/run.ts',
    good: `import type { needs } from './plugin.ts';`,
    bad: `import { y } from '../../services/runtime/service.ts';`,
  },
  {
    rule: 'plugins do not know the host',
    path: 'plugins/services/x/service.ts',
    good: `import { y } from '../../../internal/schema/y.ts';`,
    bad: `import { y } from '../../../internal/host/y.ts';`,
  },
  {
    rule: 'nothing imports cmd',
    path: 'internal/cli/x.ts',
    good: `import { y } from '../field/y.ts';`,
    bad: `import { y } from '../../cmd/micro/y.ts';`,
  },
  {
    rule: 'product code does not import tests',
    path: 'internal/rpc/x.ts',
    good: `import { y } from '../trace/y.ts';`,
    bad: `import { y } from '../../test/support/y.ts';`,
  },
  {
    rule: 'the binary sees plugins through their table',
    path: 'cmd/micro/x.ts',
    good: `import { plugins } from '../../plugins/index.gen.ts';`,
    bad: `import { plugin } from '../../plugins/commands/run/plugin.ts';`,
  },
  {
    rule: 'examples import micro only',
    path: 'examples/x/index.ts',
    good: `import { service } from 'micro';`,
    bad: `import { y } from '../../sdk/index.ts';`,
  },
  {
    rule: 'packages have one home',
    path: 'internal/cli/x.ts',
    good: `import { cac } from 'cac';`,
    bad: `const y = () => import('@grpc/grpc-js');`,
  },
  {
    rule: 'packages without a home are for build and test',
    path: 'sdk/x.ts',
    good: `import { join } from 'node:path';`,
    bad: `import fc from 'fast-check';`,
  },
];

for (const { rule, path, good, bad } of snippets)
  test(`tells good from bad: ${rule}`, () => {
    const faultsOf = (text: string) => importsOf({ path, text }).flatMap((one) => importFault(path, one) ?? []);
    assert.equal(faultsOf(good), []);
    assert.is(faultsOf(bad).length, 1);
  });

test('tests may use what tests share', () => {
  const text = `import { suite } from '../../test/support/suite.ts';`;
  const path = 'internal/time/x.test.ts';
  assert.equal(
    importsOf({ path, text }).flatMap((one) => importFault(path, one) ?? []),
    [],
  );
});

test('imports across several lines and behind comments are seen', () => {
  const text = `// import { a } from './a.ts';\nimport {\n  b,\n  type C,\n} from './b.ts';\nexport * from './d.ts';\n/* import('./e.ts') */`;
  assert.equal(
    importsOf({ path: 'internal/x/y.ts', text }).map(({ target, line }) => [target, line]),
    [
      ['internal/x/b.ts', 2],
      ['internal/x/d.ts', 6],
    ],
  );
});

test.run();
