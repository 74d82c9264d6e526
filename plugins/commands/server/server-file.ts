/** server.json in the data folder: which process serves it and where it listens. Read by the command line for the local-admin credential. */

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Listener } from '../../../internal/contract/listener.ts';

export interface ServerFile {
  readonly pid: number;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly listeners: readonly Listener[];
}

const fileIn = (dataDir: string): string => join(dataDir, 'server.json');

/** Written at once or not at all; for this user only. */
export const writeServerFile = (dataDir: string, server: ServerFile): void => {
  const file = fileIn(dataDir);
  const draft = `${file}.${process.pid}`;
  writeFileSync(
    draft,
    `${JSON.stringify({ ...server, started: new Date(server.started).toISOString() }, null, '\t')}\n`,
    {
      mode: 0o600,
    },
  );
  renameSync(draft, file);
};

export const removeServerFile = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true });
