/** Uploaded sources: the archive as a blob, its files in a folder named by their content. Owns both; knows nothing of processes. */

import { randomUUID } from 'node:crypto';
import { glob, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { BlobStore } from '../../../../internal/contract/blob.ts';
import { badRequest, internal, isMicroError } from '../../../../internal/contract/error.ts';
import type { ServiceRef } from '../../../../internal/contract/runtime.ts';
import { settle, type Unpacked, unpack } from '../../../../internal/source/unpack.ts';

export interface Sources {
  /** Keeps the archive; refuses a hostile one. */
  upload(namespace: string, service: ServiceRef, archive: AsyncIterable<Uint8Array>): Promise<string>;
  /** Which content an uploaded source holds; throws badRequest when nothing was uploaded under it. */
  contentOf(namespace: string, source: string): Promise<string>;
  /** The folder with this content, unpacked again from the archive when it is gone. */
  folderOf(
    namespace: string,
    service: ServiceRef,
    o: { readonly source: string; readonly contentId: string },
  ): Promise<string>;
  /** Removes every content of the service but this one. */
  keepOnly(namespace: string, service: ServiceRef, contentId: string): Promise<void>;
  /** Removes what uploads left behind that a dead server was working on; call before the first of them. */
  sweep(): Promise<void>;
  /** Removes archive and folders. */
  remove(namespace: string, service: ServiceRef, source: string): Promise<void>;
}

const prefix = 'source://';
const spoolPrefix = '.upload-';
/** Archives as they come in, and unpack.ts's folders before they are whole. */
const leftovers = '{.upload-*,.unpack-*}';
export const isUploaded = (source: string): boolean => source.startsWith(prefix);

export const createSources = (o: { readonly blob: BlobStore; readonly folder: string }): Sources => {
  /** `namespace source` -> content id of the newest upload; read from the archive again after a restart. */
  const contents = new Map<string, string>();
  const home = (namespace: string, s: ServiceRef): string => join(o.folder, namespace, `${s.name}@${s.version}`);

  const contentOf = async (namespace: string, source: string): Promise<string> => {
    if (!isUploaded(source)) {
      const hint = 'run a local folder: micro run ./folder';
      throw badRequest(
        'runtime.Runtime.Create',
        `source ${source} is not an upload: remote sources are not supported yet`,
        { hint },
      );
    }
    const known = contents.get(`${namespace} ${source}`);
    if (known !== undefined) return known;
    const unpacked = await unpack(archiveOf(o.blob, namespace, source), join(o.folder, namespace));
    await rm(unpacked.folder, { recursive: true, force: true });
    contents.set(`${namespace} ${source}`, unpacked.contentId);
    return unpacked.contentId;
  };

  return {
    contentOf,
    upload: async (namespace, service, archive) => {
      const source = `${prefix}${service.name}:${service.version}`;
      const spool = join(home(namespace, service), `${spoolPrefix}${randomUUID()}`);
      await mkdir(home(namespace, service), { recursive: true, mode: 0o700 });
      let unpacked: Unpacked;
      try {
        unpacked = await unpack(teeTo(spool, archive), home(namespace, service));
        // The archive is kept only now, so that a refused one leaves the old in place.
        await o.blob.write(source, readChunks(spool), { namespace });
      } finally {
        await rm(spool, { force: true });
      }
      await settle(unpacked, join(home(namespace, service), unpacked.contentId));
      contents.set(`${namespace} ${source}`, unpacked.contentId);
      return source;
    },
    folderOf: async (namespace, service, { source, contentId }) => {
      const folder = join(home(namespace, service), contentId);
      if (await isFolder(folder)) return folder;
      const unpacked = await unpack(archiveOf(o.blob, namespace, source), home(namespace, service));
      if (unpacked.contentId !== contentId) {
        await rm(unpacked.folder, { recursive: true, force: true });
        throw internal('drivers/runtime/local', `the files of ${service.name} are gone, and the archive holds others`, {
          hint: 'bring them up again with micro update',
        });
      }
      await settle(unpacked, folder);
      return folder;
    },
    keepOnly: async (namespace, service, contentId) => {
      const folder = home(namespace, service);
      for (const name of await readdir(folder)) {
        if (/^[0-9a-f]{64}$/.test(name) && name !== contentId)
          await rm(join(folder, name), { recursive: true, force: true });
      }
    },
    sweep: async () => {
      for await (const path of glob([`*/${leftovers}`, `*/*/${leftovers}`], { cwd: o.folder }))
        await rm(join(o.folder, path), { recursive: true, force: true });
    },
    remove: async (namespace, service, source) => {
      contents.delete(`${namespace} ${source}`);
      if (isUploaded(source)) await o.blob.delete(source, { namespace });
      await rm(home(namespace, service), { recursive: true, force: true });
    },
  };
};

/** The stored archive; throws badRequest that names the source when there is none. */
async function* archiveOf(blob: BlobStore, namespace: string, source: string): AsyncIterable<Uint8Array> {
  try {
    yield* blob.read(source, { namespace });
  } catch (e) {
    if (!isMicroError(e) || e.code !== 404) throw e;
    throw badRequest('runtime.Runtime.Create', `nothing was uploaded as ${source} in namespace ${namespace}`, {
      cause: e,
    });
  }
}

/** Passes the chunks on and writes them to a file, which is whole when the stream has ended. */
async function* teeTo(file: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const handle = await open(file, 'w', 0o600);
  try {
    for await (const chunk of chunks) {
      await handle.write(chunk);
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

async function* readChunks(file: string): AsyncIterable<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) yield chunk as Uint8Array;
  } finally {
    await handle.close();
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
