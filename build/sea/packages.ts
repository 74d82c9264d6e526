/** What two packages do in the executable instead of looking for their native half beside their own files. */

import { createRequire } from 'node:module';

import { nativeFile } from './native-file.ts';

/** Stands for sqlite3's search for its addon. Throws where the addon cannot be loaded. */
export const sqlite3Binding = (): unknown => {
  const file = nativeFile('node_sqlite3.node');
  return createRequire(file)(file);
};

/** Loads esbuild's own API with the place of its binary, which it reads from the environment while it loads. Throws where no folder can execute it. */
export const esbuildApi = (load: () => unknown): unknown => {
  const before = process.env.ESBUILD_BINARY_PATH;
  process.env.ESBUILD_BINARY_PATH = nativeFile('esbuild');
  try {
    return load();
  } finally {
    if (before === undefined) delete process.env.ESBUILD_BINARY_PATH;
    else process.env.ESBUILD_BINARY_PATH = before;
  }
};
