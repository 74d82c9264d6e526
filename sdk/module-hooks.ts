/**
 * How modules are found and loaded inside a service process: `micro` is the SDK, TypeScript runs as it stands.
 * Owns the two hooks; what TypeScript becomes is transpile.ts's business.
 */

import { type LoadHookContext, type ModuleHooks, registerHooks, type ResolveHookContext } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { type ModuleFormat, transpile } from './transpile.ts';

export interface HookOptions {
  /** Bare specifier -> file that it always means, whatever is installed under that name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Texts of those files that no disk has, as ES modules. */
  readonly sources?: Readonly<Record<string, () => string>>;
  readonly transpiledDir?: string;
  /** Files that Node loads by itself: our own, which need no transforming. */
  readonly isOwn: (file: string) => boolean;
}

/** Installs the hooks for this thread; for `import`, `import()` and `require` alike. */
export const registerModuleHooks = (o: HookOptions): ModuleHooks => {
  const packages = new Map(Object.entries(o.packages).map(([name, file]) => [name, pathToFileURL(file).href]));
  const sources = new Map(Object.entries(o.sources ?? {}).map(([file, text]) => [pathToFileURL(file).href, text]));
  return registerHooks({
    resolve: (specifier, context, next) => {
      const url = packages.get(specifier);
      return url
        ? { url, ...(sources.has(url) ? { format: 'module' } : {}), shortCircuit: true }
        : resolveWithFallback(specifier, context, next);
    },
    load: (url, context, next) => {
      const source = sources.get(url);
      if (source !== undefined) return { format: 'module', source: source(), shortCircuit: true };
      return isTypeScript(url) && !o.isOwn(fileURLToPath(url))
        ? {
            ...transpile(url, { wanted: wantedFormat(context), transpiledDir: o.transpiledDir }),
            shortCircuit: true,
          }
        : next(url, context);
    },
  });
};

type Next<T> = (specifier: string, context: Partial<ResolveHookContext>) => T;

/** `./a.js` in TypeScript means `./a.ts`, and bundlers taught people to leave the extension out altogether. */
const resolveWithFallback = <T>(specifier: string, context: ResolveHookContext, next: Next<T>): T => {
  try {
    return next(specifier, context);
  } catch (e) {
    for (const other of alternatives(specifier)) {
      try {
        return next(other, context);
      } catch {
        // Not there either: the first error is the one the author understands.
      }
    }
    throw e;
  }
};

const alternatives = (specifier: string): readonly string[] => {
  if (!/^(\.{1,2}\/|file:|\/)/.test(specifier)) return [];
  const js = /^(.*)\.([cm]?)js$/.exec(specifier);
  if (js) return [`${js[1]}.${js[2]}ts`];
  return /\.[cm]?ts$/.test(specifier) ? [] : [`${specifier}.ts`, `${specifier}/index.ts`];
};

const isTypeScript = (url: string): boolean => url.startsWith('file:') && /\.([cm]?ts|tsx)(\?.*)?$/.test(url);

const wantedFormat = (context: LoadHookContext): ModuleFormat | undefined => {
  if (context.format?.startsWith('module')) return 'module';
  return context.format?.startsWith('commonjs') ? 'commonjs' : undefined;
};
