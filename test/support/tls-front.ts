/** TLS with ALPN h2 in front of a plain address, as a gateway of the user's would put it there. Owns its port and connections. */

import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

export interface TlsFront {
  /** `host:port`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export const startTlsFront = async (to: string, o: TlsOptions): Promise<TlsFront> => {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const at = to.lastIndexOf(':');
  const server = createServer({ ALPNProtocols: ['h2'], ...o }, (secure) => {
    const behind = connect({ host: to.slice(0, at), port: Number(to.slice(at + 1)), noDelay: true });
    keep(secure);
    keep(behind);
    secure.pipe(behind).pipe(secure);
    secure.on('close', () => behind.destroy());
    behind.on('close', () => secure.destroy());
  });
  server.on('connection', keep);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
