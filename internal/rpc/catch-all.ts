/** A grpc-js server that hands every path to one function as a raw bidi call. Owns the one place that leans on grpc-js internals; its test fails when they change. */

import { logVerbosity, Server, setLogVerbosity, type ServerDuplexStream, type ServerOptions } from '@grpc/grpc-js';

/** One call as grpc-js delivers it: messages are bytes, nothing is decoded. */
export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/** What grpc-js keeps per path. Pinned with the package's version. */
interface RawHandler {
  readonly type: 'bidi';
  readonly path: string;
  readonly func: (call: RawCall) => void;
  readonly serialize: (message: Buffer) => Buffer;
  readonly deserialize: (message: Buffer) => Buffer;
}

const same = (message: Buffer): Buffer => message;

/** Micro's handlers answer under any prefix, which a table of paths cannot say; grpc-js looks each path up with `handlers.get`. */
const catchAllMap = (handle: (path: string, call: RawCall) => void): Map<string, RawHandler> => {
  const map = new Map<string, RawHandler>();
  map.get = (path) => ({
    type: 'bidi',
    path,
    func: (call) => handle(path, call),
    serialize: same,
    deserialize: same,
  });
  return map;
};

/** A server whose every call goes to `handle`, which must not throw. Throws when grpc-js no longer has the table this rests on. */
export const createCatchAllServer = (o: ServerOptions, handle: (path: string, call: RawCall) => void): Server => {
  // The library writes to stderr by itself otherwise; what went wrong also comes back as an error.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(o);
  if (!((server as unknown as { handlers?: unknown }).handlers instanceof Map))
    throw new Error('grpc-js has no table of handlers any more: internal/rpc/catch-all.ts needs work');
  Object.assign(server, { handlers: catchAllMap(handle) });
  return server;
};
