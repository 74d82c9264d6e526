/** Installs a release over the present program: find the version, read its hash, download beside, verify, try, replace. Owns the temporary file. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ExitError } from '../contract/error.ts';
import { releaseProgramBytesMax, releaseTextBytesMax } from '../contract/limits.ts';
import { assetName } from './asset-name.ts';
import { diskFault } from './disk-fault.ts';
import { download, releaseUrl } from './download.ts';
import { compareVersions, readVersion } from './release-version.ts';
import { asideOf, type Place, replaceProgram } from './replace-program.ts';
import { sumOf } from './sum-of.ts';
import { tryProgram } from './try-program.ts';

export interface InstallRelease extends Place {
  /** Folder of the releases, as the user wrote it. */
  readonly url: string;
  readonly arch: string;
  /** What runs now. */
  readonly running: string;
  /** Undefined: the latest. */
  readonly version: string | undefined;
  readonly signal: AbortSignal;
  /** Called once before the long download. */
  readonly onDownload?: (version: string, asset: string) => void;
}

export interface Installed {
  readonly version: string;
  /** False when exactly this program was there already. */
  readonly changed: boolean;
}

/** Throws ExitError, with the present program untouched and nothing left beside it. */
export const installRelease = async (o: InstallRelease): Promise<Installed> => {
  const base = releaseUrl(o.url);
  const asset = assetName(o.platform, o.arch);
  const version = o.version === undefined ? await latestVersion(base, o) : wantedVersion(o.version);
  const sums = `${base}/${version}/SHA256SUMS`;
  const sum = sumOf(await downloadText(sums, o.signal), asset);
  if (sum === undefined) throw new ExitError(`${sums} has no sha256 for ${asset}`, 1, { hint: 'nothing was changed' });
  if ((await hashOf(o.program)) === sum) return { version, changed: false };
  o.onDownload?.(version, asset);
  const fresh = asideOf(o);
  try {
    await fetchProgram({ url: `${base}/${version}/${asset}`, file: fresh, sum, signal: o.signal });
    await tryProgram({ file: fresh, name: `micro ${version}`, signal: o.signal });
    // Somebody else may have installed the same meanwhile: then theirs stays, and so does what they kept.
    if ((await hashOf(o.program)) === sum) return { version, changed: false };
    await replaceProgram(o, fresh);
    return { version, changed: true };
  } catch (e) {
    throw diskFault(e, dirname(o.program));
  } finally {
    await rm(fresh, { force: true });
  }
};

const wantedVersion = (text: string): string => {
  const version = readVersion(text);
  if (version === undefined)
    throw new ExitError(`that is no version: ${text}`, 1, { hint: 'a version looks like v0.1.0' });
  return version;
};

/** Never a way back by surprise: an old `latest` must be asked for by its version. */
const latestVersion = async (base: string, o: InstallRelease): Promise<string> => {
  const text = await downloadText(`${base}/latest`, o.signal);
  const version = readVersion(text);
  if (version === undefined)
    throw new ExitError(`${base}/latest names no version: ${text.trim().slice(0, 40) || '(empty)'}`, 1);
  if (compareVersions(version, o.running) >= 0) return version;
  throw new ExitError(`the latest release is ${version}, which is older than this ${o.running}`, 1, {
    hint: `micro upgrade --version ${version} installs it all the same`,
  });
};

const downloadText = async (url: string, signal: AbortSignal): Promise<string> => {
  const chunks: Uint8Array[] = [];
  const write = (chunk: Uint8Array): void => void chunks.push(chunk);
  await download({ url, bytesMax: releaseTextBytesMax, bound: 'releaseTextBytesMax', signal, write });
  return Buffer.concat(chunks).toString('utf8');
};

/** Hashed as it is written; on disk when this resolves. */
const fetchProgram = async (o: { url: string; file: string; sum: string; signal: AbortSignal }): Promise<void> => {
  const hash = createHash('sha256');
  const file = await open(o.file, 'wx', 0o600);
  try {
    const write = async (chunk: Uint8Array): Promise<void> => {
      hash.update(chunk);
      await file.writeFile(chunk);
    };
    await download({ ...o, bytesMax: releaseProgramBytesMax, bound: 'releaseProgramBytesMax', write });
    await file.sync();
  } finally {
    await file.close();
  }
  const got = hash.digest('hex');
  if (got !== o.sum)
    throw new ExitError(`${o.url} is damaged or not the released file; nothing was changed`, 1, {
      hint: `sha256 in SHA256SUMS: ${o.sum}, of the download: ${got}`,
    });
  await chmod(o.file, 0o755);
};

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
};
