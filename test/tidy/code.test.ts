/** Rules about single files, over the whole tree, and each rule against one good and one bad line. */

import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import { headerFault, ruleFaults, rules, runFault } from './code-rules.ts';
import { sourceFiles } from './source-files.ts';

const test = suite('tidy: code');
const files = sourceFiles().filter(({ path }) => !path.endsWith('.gen.ts'));

for (const rule of rules)
  test(rule.name, () =>
    assert.equal(
      files.flatMap((file) => ruleFaults(rule, file)),
      [],
    ),
  );

test('every file has a header', () =>
  assert.equal(
    files.flatMap((file) => headerFault(file) ?? []),
    [],
  ));
test('every test file runs its suite', () =>
  assert.equal(
    files.flatMap((file) => runFault(file) ?? []),
    [],
  ));

const snippets: Readonly<Record<string, { readonly good: string; readonly bad: string }>> = {
  'process.env has its homes': { good: `const a = 'process.env'; // process.env`, bad: 'const a = process.env.HOME;' },
  'only the binary ends the process': { good: 'process.exitCode = 1;', bad: 'process.exit(1);' },
  'no console in product code': { good: 'ctx.log.info(`console.log`);', bad: 'console.log(1);' },
  'no default export': { good: 'export const a = 1;', bad: 'export default 1;' },
  'no barrels': { good: `export { a } from './a.ts';`, bad: `export * from './a.ts';` },
  'nothing is left to do': { good: 'const toDo = 1;', bad: `// TO${'DO'}: later` },
};

for (const rule of rules)
  test(`tells good from bad: ${rule.name}`, () => {
    const { good, bad } = snippets[rule.name] ?? {};
    const path = 'plugins/services/x/x.ts';
    assert.equal(ruleFaults(rule, { path, text: good ?? '' }), []);
    assert.is(ruleFaults(rule, { path, text: bad ?? '' }).length, 1);
  });

test('tells good from bad: headers and runs', () => {
  const path = 'internal/x/y.test.ts';
  assert.is(headerFault({ path, text: '/** What it is. */\n' }), undefined);
  assert.match(headerFault({ path, text: `import x from 'x';\n` }) ?? '', /no header/);
  assert.is(runFault({ path, text: 'test.run();\n' }), undefined);
  assert.is(runFault({ path, text: `testStore('x', {});\n` }), undefined);
  assert.match(runFault({ path, text: `test('x', () => {});\n` }) ?? '', /run/);
});

test.run();
