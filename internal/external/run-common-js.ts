/** Runs one CommonJS file from bytes that the caller has already read (and hashed): what was looked at is what runs. Resolves nothing from micro itself. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction, constants } from 'node:vm';

type Wrapped = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

/** The file's exports. `file` is absolute: it names the code in stack traces, and `require` starts there. */
export const runCommonJs = (bytes: Uint8Array, file: string): unknown => {
  const text = Buffer.from(bytes).toString('utf8').replace(/^#!/, '//');
  const module = { exports: {} };
  const code = compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename: file,
    // Code that was not made by `micro plugin build` may import() Node's own modules.
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as Wrapped;
  code.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
};
