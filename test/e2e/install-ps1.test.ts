/**
 * install.ps1, which cannot run here: parsed by the PowerShell grammar that Visual Studio Code uses, and held to what Windows PowerShell 5.1
 * knows, to the texts of install.sh and to its own promises. It was not run on Windows by any test.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';

const test = suite('install.ps1');
const root = join(import.meta.dirname, '..', '..');
const script = readFileSync(join(root, 'install.ps1'), 'utf8');
const shell = readFileSync(join(root, 'install.sh'), 'utf8');
/** What runs: no comments. No string in the script holds a #. */
const code = script.replace(/#.*$/gm, '');

/** As much of web-tree-sitter as is used here. */
interface Node {
  readonly type: string;
  readonly text: string;
  readonly hasError: boolean;
  descendantsOfType(type: string): readonly Node[];
}
interface Grammar {
  readonly Parser: {
    init(): Promise<void>;
    new (): { setLanguage(language: unknown): void; parse(text: string): { readonly rootNode: Node } };
  };
  readonly Language: { load(file: string): Promise<unknown> };
}

/** Undefined when the package with the grammar is not installed. */
const openParser = async (): Promise<((text: string) => Node) | undefined> => {
  let main: string;
  try {
    main = createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm');
  } catch {
    process.stdout.write('SKIP parsing install.ps1: @vscode/tree-sitter-wasm is not installed\n');
    return undefined;
  }
  const loaded: { readonly default: Grammar } = await import(pathToFileURL(main).href);
  const { Parser, Language } = loaded.default;
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(join(dirname(main), 'tree-sitter-powershell.wasm')));
  return (text) => parser.parse(text).rootNode;
};

const parse = await openParser();

/** Commands of Windows PowerShell 5.1, and what is defined in the script. */
const cmdlets = [
  ...[
    'Set-StrictMode',
    'Join-Path',
    'Test-Path',
    'Get-Item',
    'Get-Content',
    'Get-FileHash',
    'Remove-Item',
    'Move-Item',
  ],
  ...['Invoke-WebRequest', 'Select-Object', 'ForEach-Object', 'Write-Host'],
];

if (parse !== undefined) {
  const tree = parse(script);
  const names = (type: string): string[] => tree.descendantsOfType(type).map(({ text }) => text);

  test('the grammar finds no fault', () => {
    assert.not(tree.hasError);
    assert.ok(names('function_name').includes('Install-Micro'));
  });

  test('the grammar does find faults: one bracket, brace or quote less', () => {
    for (const [from, to] of [
      ['(-not $url)', '(-not $url'],
      ["is not Windows: use install.sh'", 'is not Windows: use install.sh'],
      ['{\n                Write-Host', '\n                Write-Host'],
    ] as const)
      assert.ok(script.includes(from) && parse(script.replace(from, () => to)).hasError, from);
  });

  test('half a script is none', () => {
    const start = script.indexOf('& {') + 3;
    const end = script.trimEnd().length;
    for (let length = start; length < end; length += length > end - 40 ? 1 : 397)
      assert.ok(parse(script.slice(0, length)).hasError, `cut at ${length}`);
  });

  test('it uses only commands that 5.1 has, or that it defines', () => {
    const own = names('function_name');
    const used = new Set(names('command_name'));
    assert.equal(
      [...used].filter(
        (name) => !cmdlets.includes(name) && !own.includes(name) && !name.startsWith('$') && name !== '{',
      ),
      [],
    );
    assert.equal(
      own.filter((name) => !used.has(name)),
      [],
      'every function is used',
    );
  });

  test('every download is bounded, and every path is taken as it is written', () => {
    for (const text of names('command')) {
      const [name = ''] = text.split(/\s/);
      if (name === 'Invoke-WebRequest')
        for (const flag of ['-UseBasicParsing', '-TimeoutSec', '-MaximumRedirection', '-OutFile'])
          assert.ok(text.includes(flag), `${text} lacks ${flag}`);
      if (/^(Test-Path|Get-Item|Get-Content|Get-FileHash|Remove-Item|Move-Item)$/.test(name))
        assert.match(text, /-LiteralPath/, text);
    }
  });
}

test('it is ASCII: 5.1 reads anything else by the code page of the machine', () =>
  assert.is(script.search(/[^\n\r\t\x20-\x7e]/), -1));

test('it holds nothing that only PowerShell 7 knows', () => {
  for (const operator of [
    /\?\?/,
    /&&/,
    /\|\|/,
    /\?\./,
    /\?\[/,
    /-AllowInsecureRedirect|-SslProtocol|-SkipHttpErrorCheck/,
    /\$Is(Windows|Linux|MacOS)/,
  ])
    assert.not.match(code, operator);
});

test('it never ends the session of the user, and leaves nothing in it', () => {
  assert.not.match(code, /\bexit\b/i);
  assert.not.match(code, /\$(global|script):/i);
  assert.match(code.trim(), /^& \{[\s\S]*\n\}$/);
});

test('every fault begins with the name of the program', () => {
  const thrown = [...code.matchAll(/\bthrow\b\s*(.{0,8})/g)].map(([, text]) => text);
  assert.ok(thrown.length > 10);
  for (const text of thrown) assert.match(text ?? '', /^['"]micro: /);
});

test('it says and reads what install.sh does', () => {
  for (const text of [
    'there are no releases yet: set MICRO_INSTALL_URL to the address of a folder that holds them',
    'MICRO_INSTALL_URL is no http or https address: ',
    'is damaged or not the released file; nothing was changed',
    'does not run here; nothing was changed',
    'that is no version: ',
    'the version before is kept, to go back: micro upgrade --rollback',
    'next: micro server, and in another terminal: micro --help',
    'is installed already: ',
  ]) {
    assert.ok(script.includes(text), `install.ps1: ${text}`);
    assert.ok(shell.includes(text), `install.sh: ${text}`);
  }
  const variables = (text: string): string[] => [...new Set(text.match(/MICRO_INSTALL_[A-Z]+/g))].sort();
  assert.equal(variables(script), variables(shell));
});

test('the hash is checked before anything is run or moved', () => {
  const order = ['Save-File -Address', 'if ($got -ne $sum)', 'Assert-Runs -Program', 'Move-IntoPlace -Fresh'];
  const at = order.map((text) => code.indexOf(text));
  assert.ok(at.every((place) => place > 0));
  assert.equal(
    [...at].sort((a, b) => a - b),
    at,
  );
});

test.run();
