/** Makes the blob of a single executable application and puts it into a Node binary: by pkg where that binary runs here, else by pkg's own injector with a blob that the same version of Node made. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { fetchPackageFile } from './fetch-package.ts';
import { hostTarget, type Target } from './target.ts';

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

type Inject = (
  file: string,
  name: string,
  blob: Uint8Array,
  o: { sentinelFuse: string; machoSegmentName?: string; overwrite: boolean },
) => Promise<void>;

/** Options baked into the executable. Without `none` whoever sets NODE_OPTIONS could load code into it. */
const seaConfig = {
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
  execArgv: ['--no-warnings'],
  execArgvExtension: 'none',
};

/** Where Node looks whether it carries an application; part of its published interface. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const fromHere = createRequire(import.meta.url);

/** Writes `output`; a Mach-O file is left without a valid signature. */
export const inject = (o: Injection): Promise<void> => (o.target === hostTarget() ? injectByPkg(o) : injectForeign(o));

const injectByPkg = async (o: Injection): Promise<void> => {
  const { default: sea } = fromHere('pkg/lib-es5/sea.js') as { default: Sea };
  const platform = { linux: 'linux', win32: 'win', darwin: 'macos' }[o.target.platform as string] ?? 'linux';
  const nodeRange = `node${o.target.nodeVersion.split('.')[0]}`;
  await sea(o.main, {
    targets: [{ platform, arch: o.target.arch, nodeRange, output: o.output }],
    nodePath: o.node,
    seaConfig: { ...seaConfig, assets: o.assets },
    signature: false,
  });
};

const injectForeign = async (o: Injection): Promise<void> => {
  const folder = dirname(o.output);
  const config = join(folder, 'sea-config.json');
  const output = join(folder, 'sea.blob');
  writeFileSync(config, JSON.stringify({ ...seaConfig, main: o.main, assets: o.assets, output }));
  // The layout of a blob belongs to one version of Node: another one crashes on it.
  const host = hostTarget();
  const maker = fetchPackageFile(host.nodePackage, o.target.nodeVersion, host.nodeFile);
  execFileSync(maker, ['--experimental-sea-config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  copyFileSync(o.node, o.output);
  const { inject: put } = createRequire(fromHere.resolve('pkg/package.json'))('postject') as { inject: Inject };
  await put(o.output, 'NODE_SEA_BLOB', readFileSync(output), {
    sentinelFuse: fuse,
    machoSegmentName: o.target.platform === 'darwin' ? 'NODE_SEA' : undefined,
    overwrite: true,
  });
};
