/** Makes the blob of a single executable application and puts it into a Node binary, by pkg. */

import { createRequire } from 'node:module';

import type { Target } from './target.ts';

export interface Injection {
  readonly target: Target;
  /** The binary that becomes the executable; not changed. */
  readonly node: string;
  readonly main: string;
  /** Name -> file. */
  readonly assets: Readonly<Record<string, string>>;
  readonly output: string;
}

/** What we use of pkg's simple SEA mode; its command line does not take these options. */
type Sea = (entry: string, o: SeaOptions) => Promise<void>;
interface SeaOptions {
  readonly targets: readonly { platform: string; arch: string; nodeRange: string; output: string }[];
  readonly nodePath: string;
  readonly seaConfig: Readonly<Record<string, unknown>>;
  readonly signature: boolean;
}

/** Options baked into the executable. Without `none` whoever sets NODE_OPTIONS could load code into it. */
const seaConfig = {
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
  execArgv: ['--no-warnings'],
  execArgvExtension: 'none',
};

export const inject = async (o: Injection): Promise<void> => {
  const { default: sea } = createRequire(import.meta.url)('pkg/lib-es5/sea.js') as { default: Sea };
  const platform = { linux: 'linux', win32: 'win', darwin: 'macos' }[o.target.platform as string] ?? 'linux';
  await sea(o.main, {
    targets: [
      { platform, arch: o.target.arch, nodeRange: `node${o.target.nodeVersion.split('.')[0]}`, output: o.output },
    ],
    nodePath: o.node,
    seaConfig: { ...seaConfig, assets: o.assets },
    signature: false,
  });
};
