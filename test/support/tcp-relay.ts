/** A TCP link that a test can cut, block and restore: bytes go through it to one address. Owns its sockets. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpRelay {
  /** Where to connect to reach the other side. */
  readonly address: string;
  /** Breaks every connection; new ones are taken. */
  cut(): void;
  /** Breaks every connection and refuses new ones at once, until `restore`. */
  block(): void;
  restore(): void;
  /** While held, nothing comes back from the other side. */
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

export const openTcpRelay = async (target: string): Promise<TcpRelay> => {
  const [host, port] = target.split(':');
  const pairs = new Map<Socket, Socket>();
  let isBlocked = false;
  let isHeld = false;
  const server = createServer((near) => {
    if (isBlocked) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), host);
    pairs.set(near, far);
    near.pipe(far);
    far.pipe(near);
    if (isHeld) far.pause();
    const end = (): void => {
      pairs.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const [near, far] of [...pairs]) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    block: () => {
      isBlocked = true;
      cut();
    },
    restore: () => {
      isBlocked = false;
    },
    hold: (held) => {
      isHeld = held;
      for (const far of pairs.values()) {
        if (held) far.pause();
        else far.resume();
      }
    },
    close: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
