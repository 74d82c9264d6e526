/** Reads a request's body into memory within a bound of its own and one that all bodies share. */

import type { IncomingMessage } from 'node:http';

import { microError, unavailable } from '../contract/error.ts';
import { bodyBytesMax } from '../contract/limits.ts';

/** What all bodies may hold together: without it a few hundred callers without an account fill the memory. */
export interface BodyBudget {
  /** False, and nothing taken, when that would be too much. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  readonly bytesMax: number;
}

export const createBodyBudget = (bytesMax: number): BodyBudget => {
  let taken = 0;
  return {
    bytesMax,
    take(bytes) {
      if (taken + bytes > bytesMax) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
};

export interface ReadBodyOptions {
  readonly id: string;
  readonly signal: AbortSignal;
  /** Default bodyBytesMax. */
  readonly bytesMax?: number;
  readonly budget: BodyBudget;
  /** The body counts until then; must resolve in the end. */
  readonly until: Promise<void>;
}

/** Throws 413 as soon as the bound is known to be exceeded, naming it, 503 when all bodies together are, and 415 for a compressed body. */
export const readBody = async (request: IncomingMessage, o: ReadBodyOptions): Promise<Buffer> => {
  const bytesMax = o.bytesMax ?? bodyBytesMax;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw microError(415, o.id, `content-encoding ${encoding} is not supported`);
  const tooLarge = () => microError(413, o.id, `body is too large (bodyBytesMax: ${bytesMax})`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  o.until.then(() => o.budget.give(bytes));
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    o.signal.throwIfAborted();
    if (bytes + chunk.length > bytesMax) throw tooLarge();
    if (!o.budget.take(chunk.length))
      throw unavailable(o.id, `too many request bodies at one time (bodiesBytesMax: ${o.budget.bytesMax})`);
    bytes += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
