/** What every builder must do. A driver's test hands in folders that it must recognise and build. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import * as assert from 'uvu/assert';

import type { Builder } from '../../internal/contract/builder.ts';
import { isMicroError } from '../../internal/contract/error.ts';
import { runConformance, type Skip } from '../support/conformance.ts';

export type Files = Readonly<Record<string, { readonly text: string; readonly mode?: number }>>;

export interface BuilderSubject {
  readonly open: () => Builder;
  /** A service this builder is for. */
  readonly good: Files;
  /** The same kind of service with a fault in its source, and what the fault line must say; undefined when the builder reads no source. */
  readonly faulty?: { readonly files: Files; readonly says: RegExp };
  readonly skips?: readonly Skip[];
}

/** Runs `body` in a folder that holds the files. */
export const withFolder = async (
  files: Files,
  body: (folder: string, cacheDir: string) => Promise<void>,
): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'micro-builder-'));
  try {
    const folder = join(root, 'source');
    mkdirSync(folder);
    for (const [name, { text, mode }] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text, { mode: mode ?? 0o644 });
    }
    await body(folder, join(root, 'cache'));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

type Case = (builder: Builder) => Promise<void>;

/** The cases by name; also run one by one against broken builders. */
export const builderCases = (s: BuilderSubject): Readonly<Record<string, Case>> => ({
  'recognises its own kind of folder': (b) =>
    withFolder(s.good, async (folder) => assert.is(await b.detect(folder), true)),
  'does not recognise an empty folder': (b) =>
    withFolder({}, async (folder) => assert.is(await b.detect(folder), false)),
  'says how to start the service': (b) =>
    withFolder(s.good, async (folder, cacheDir) => {
      const launch = await b.build({ folder, cacheDir, name: 'x', signal: new AbortController().signal });
      assert.ok(isAbsolute(launch.command));
      assert.ok(isAbsolute(launch.cwd));
      assert.ok(launch.endsWithParent, 'a service must not outlive the server');
    }),
  'builds the same folder twice': (b) =>
    withFolder(s.good, async (folder, cacheDir) => {
      const request = { folder, cacheDir, name: 'x', signal: new AbortController().signal };
      assert.equal(await b.build(request), await b.build(request));
    }),
  'refuses a folder that is not its own with a reason': (b) =>
    withFolder({}, (folder, cacheDir) => refused(b, folder, cacheDir, /./)),
  'names file and line of a fault in the source': (b) =>
    s.faulty
      ? withFolder(s.faulty.files, (folder, cacheDir) => refused(b, folder, cacheDir, s.faulty!.says))
      : Promise.resolve(),
});

const refused = async (b: Builder, folder: string, cacheDir: string, says: RegExp): Promise<void> => {
  try {
    await b.build({ folder, cacheDir, name: 'x', signal: new AbortController().signal });
  } catch (e) {
    assert.ok(isMicroError(e) && e.code === 400, String(e));
    assert.match(e.detail, says);
    return;
  }
  assert.unreachable('it was built');
};

/** Declares the suite for one builder. */
export const testBuilder = (name: string, s: BuilderSubject): void =>
  runConformance(
    'builder',
    name,
    { open: async () => ({ driver: s.open(), close: async () => {} }), skips: s.skips },
    builderCases(s),
  );
