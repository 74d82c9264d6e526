/** Loads protos given as text: writes them to a temporary folder, reads them with the real loader, and removes the folder. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Codec } from '../../internal/contract/handler.ts';
import { loadProtos, type ProtoMethod, type ProtoSet } from '../../internal/schema/load-protos.ts';

/** `files` maps a path to its text; all of them are loaded, or those named in `load`. Faults name paths below `DIR`. */
export const protoSetOf = (files: Readonly<Record<string, string>>, load = Object.keys(files)): ProtoSet => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-proto-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return loadProtos(load.map((path) => join(folder, path)));
  } catch (e) {
    if (e instanceof Error) e.message = e.message.replaceAll(folder, 'DIR').replaceAll('\\', '/');
    throw e;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The only method of the only service in the text. */
export const protoMethodOf = (text: string): ProtoMethod => protoSetOf({ 'test.proto': text }).services[0]!.methods[0]!;

/** The codec of the message `Msg` whose members are given, beside other declarations. */
export const messageOf = (members: string, beside = ''): Codec<Record<string, unknown>> =>
  protoMethodOf(`syntax = "proto3";
    package test;
    ${beside}
    service Test { rpc Call(Msg) returns (Msg); }
    message Msg { ${members} }`).request as Codec<Record<string, unknown>>;
