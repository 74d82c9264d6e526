/** The blob slot: byte streams under a key in a namespace. What every driver must do: test/conformance/blob.ts. */

import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';

export interface BlobInfo {
  readonly key: string;
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the content. */
  readonly sha256: string;
}

export interface BlobStore {
  /** Streams the content. Throws notFound `Blob not found` before the first chunk. */
  read(key: string, o?: CallOptions): AsyncIterable<Uint8Array>;
  /** Replaces the blob when the stream has ended well; a failed stream leaves the old one. At most blobBytesMax. */
  write(key: string, chunks: AsyncIterable<Uint8Array>, o?: CallOptions): Promise<BlobInfo>;
  /** Deleting a missing key succeeds. */
  delete(key: string, o?: CallOptions): Promise<void>;
  /** Keys in order; empty for an unknown namespace. */
  list(o?: CallOptions & { readonly prefix?: string }): Promise<readonly string[]>;
}

export const blob = capability<BlobStore>('blob');
