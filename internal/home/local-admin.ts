/** The credential that makes the machine's own user an admin of the machine's own server (docs: platform 8). Reads it; drivers/auth/local writes it. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isLoopback } from './target.ts';

/** Where drivers/auth/local keeps it, below the data folder. */
export const localAdminPath: readonly string[] = ['drivers', 'auth', 'local', 'local-admin'];
const serverFile = 'server.json';
/** It must outlive the call it is used for. */
const leftMsMin = 5_000;
const fileBytesMax = 64 * 1024;

/**
 * The token, when all of this holds: the address is loopback; `server.json` in the data folder names a live process with a
 * proxy listener at exactly that address; both files belong to this user and no one else can read the credential; it lives on.
 */
export const readLocalAdmin = (o: {
  readonly dataRoot: string;
  readonly address: string;
  readonly now: number;
}): string | undefined => {
  if (!isLoopback(o.address)) return undefined;
  const server = readOwnJson(join(o.dataRoot, serverFile));
  if (server === undefined || !isAlive(server.pid) || !listensAt(server.listeners, o.address)) return undefined;
  const credential = readOwnJson(join(o.dataRoot, ...localAdminPath), 0o077);
  if (typeof credential?.token !== 'string' || typeof credential.expiry !== 'number') return undefined;
  return credential.expiry * 1_000 > o.now + leftMsMin ? credential.token : undefined;
};

/** A file of this user's, as a JSON object; undefined when it is missing, foreign, open to others (`forbiddenMode`) or damaged. */
const readOwnJson = (file: string, forbiddenMode = 0): Readonly<Record<string, unknown>> | undefined => {
  try {
    const info = statSync(file);
    // Windows has no owner or mode bits here; the folder's own protection must do.
    const uid = process.getuid?.();
    if (uid !== undefined && (info.uid !== uid || (info.mode & forbiddenMode) !== 0)) return undefined;
    if (info.size > fileBytesMax) return undefined;
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Any fault means: no credential here. The call then goes out without one and is refused with a reason.
    return undefined;
  }
};

const isAlive = (pid: unknown): boolean => {
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Gone, or somebody else's process: then it is not our server either.
    return false;
  }
};

/** A listener on all addresses of the machine also answers at 127.0.0.1. */
const listensAt = (listeners: unknown, address: string): boolean => {
  if (!Array.isArray(listeners)) return false;
  const port = address.slice(address.lastIndexOf(':'));
  const wanted = new Set([address, `0.0.0.0${port}`, `[::]${port}`]);
  return listeners.some(
    (l: unknown) =>
      typeof l === 'object' &&
      l !== null &&
      'name' in l &&
      l.name === 'proxy' &&
      'address' in l &&
      typeof l.address === 'string' &&
      wanted.has(l.address),
  );
};
