/** Small services for tests, written into folders of their own so that tests may edit them. */

import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const examples = join(import.meta.dirname, '..', '..', 'examples');

/** Writes files into `parent/name`; returns that folder. The caller removes `parent`. */
export const writeService = (parent: string, name: string, files: Readonly<Record<string, string>>): string => {
  const folder = join(parent, name);
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), body);
  }
  return folder;
};

/** A copy of examples/NAME below `parent`. */
export const copyExample = (parent: string, name: string): string => {
  const folder = join(parent, name);
  cpSync(join(examples, name), folder, { recursive: true });
  return folder;
};

export const tempFolder = (): string => mkdtempSync(join(tmpdir(), 'micro-e2e-'));

/** A service NAME with one method Call that runs `body` with `req` and `ctx`. */
export const oneMethodService = (name: string, body: string): Readonly<Record<string, string>> => ({
  'package.json': `{ "name": "${name}", "private": true, "type": "module" }\n`,
  [`${name}.proto`]: `syntax = "proto3";

package ${name};

service ${name[0]!.toUpperCase()}${name.slice(1)} {
  rpc Call(Request) returns (Response);
}

message Request {
  string name = 1;
}

message Response {
  string msg = 1;
}
`,
  'index.ts': `import { service } from 'micro';

await service({
  name: '${name}',
  handlers: {
    ${name[0]!.toUpperCase()}${name.slice(1)}: {
      async call(req: { name: string }, ctx) {
        ${body}
      },
    },
  },
}).run();
`,
});
