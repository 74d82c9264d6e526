/** What a release calls the program for a platform; the same names as in install.sh, install.ps1 and build/target.ts. */

import { ExitError } from '../contract/error.ts';

const names: Readonly<Record<string, string>> = {
  'linux-x64': 'micro-linux-x64',
  'linux-arm64': 'micro-linux-arm64',
  'darwin-x64': 'micro-darwin-x64',
  'darwin-arm64': 'micro-darwin-arm64',
  'win32-x64': 'micro-win-x64.exe',
  // Windows on Arm runs programs for x64.
  'win32-arm64': 'micro-win-x64.exe',
};

/** Platform and architecture as Node calls them. Throws ExitError for one that has no releases. */
export const assetName = (platform: string, arch: string): string => {
  const name = names[`${platform}-${arch}`];
  if (name === undefined) throw new ExitError(`there is no micro for ${platform} ${arch}`, 1);
  return name;
};
