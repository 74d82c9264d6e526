/** One CommonJS file from a plugin's sources, by esbuild. `micro/plugin` is the SDK that comes with this program, whatever is installed. */

import { dirname } from 'node:path';

import type { OnLoadResult, OnResolveResult, Plugin } from 'esbuild';

import { ExitError } from '../../../internal/contract/error.ts';
import { pluginSdk } from '../../../internal/process/sdk-source.ts';

const namespace = 'micro-sdk';

/** Throws ExitError with one line `file:line:column: message` per fault. */
export const bundlePlugin = async (source: string): Promise<Uint8Array> => {
  const { build } = await import('esbuild');
  try {
    const result = await build({
      entryPoints: [source],
      absWorkingDir: dirname(source),
      write: false,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      // A single-file executable cannot import() files, and has no need to: everything is in the one file.
      supported: { 'dynamic-import': false },
      charset: 'utf8',
      plugins: [sdk],
      logLevel: 'silent',
    });
    return result.outputFiles[0]!.contents;
  } catch (e) {
    throw faultsOf(e);
  }
};

const sdk: Plugin = {
  name: 'micro-sdk',
  setup: (b) => {
    b.onResolve({ filter: /^micro$/ }, () => ({
      errors: [{ text: 'a plugin imports "micro/plugin"; "micro" is for services' }],
    }));
    b.onResolve({ filter: /^micro\/plugin$/ }, (): OnResolveResult => {
      const found = pluginSdk();
      return 'file' in found ? { path: found.file } : { path: 'micro/plugin', namespace };
    });
    b.onLoad({ filter: /./, namespace }, (): OnLoadResult => {
      const found = pluginSdk();
      return { contents: 'text' in found ? found.text : '', loader: 'js' };
    });
  },
};

interface Fault {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

const faultsOf = (e: unknown): unknown => {
  const faults = (e as { errors?: readonly Fault[] }).errors;
  if (!Array.isArray(faults)) return e;
  const lines = (faults as readonly Fault[]).map(({ text, location: at }) =>
    at === null ? text : `${at.file}:${at.line}:${at.column + 1}: ${text}`,
  );
  return new ExitError(lines.join('\n'), 1, { cause: e });
};
