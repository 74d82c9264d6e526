/** Finds the process that listens on a TCP port, for the message that names it. Linux only: elsewhere the answer is undefined. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortOwner {
  readonly pid: number;
  /** Its command line, cut at 120 characters. */
  readonly command: string;
}

const listening = '0A';

/** Undefined when nobody listens there, or when the owner belongs to another user and cannot be seen. */
export const portOwner = (port: number): PortOwner | undefined => {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listenersOn(table, port)));
  if (inodes.size === 0) return undefined;
  for (const entry of readFolder('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && pid > 0 && holdsSocket(pid, inodes)) return { pid, command: commandOf(pid) };
  }
  return undefined;
};

/** Socket inodes of the table's rows in state LISTEN on the port; columns as in proc(5). */
const listenersOn = (table: string, port: number): string[] => {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return readText(table)
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${wanted}`) && columns[3] === listening)
    .map((columns) => columns[9] ?? '');
};

const holdsSocket = (pid: number, inodes: ReadonlySet<string>): boolean =>
  readFolder(`/proc/${pid}/fd`).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });

const commandOf = (pid: number): string => readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 120);

// Processes come and go while we look, and others' files are closed to us: then there is nothing to see.
const readFolder = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const readLink = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};
