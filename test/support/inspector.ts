/** What a Node process holds after its garbage is collected: asked through its inspector, which it must have been started with. */

export interface Held {
  /** Objects, and bytes outside the heap (buffers). */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly residentBytes: number;
}

export interface Inspector {
  held(): Promise<Held>;
  close(): void;
}

interface Reply {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: string } };
  readonly error?: { readonly message: string };
}

/** `output`: what the process has printed; Node names the inspector's address there. */
export const openInspector = async (output: string): Promise<Inspector> => {
  const url = /Debugger listening on (ws:\S+)/.exec(output)?.[1];
  if (url === undefined) throw new Error(`no inspector is open:\n${output}`);
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`cannot open ${url}`)), { once: true });
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let id = 0;
  const ask = async (method: string, params: object = {}): Promise<Reply> => {
    id += 1;
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply;
  };
  await ask('HeapProfiler.enable');
  return {
    held: async () => {
      // What only waits to be finalised is freed by the next collection.
      for (let n = 0; n < 3; n += 1) await ask('HeapProfiler.collectGarbage');
      const expression = 'JSON.stringify(process.memoryUsage())';
      const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true });
      const usage = JSON.parse(result?.result?.value ?? '{}') as NodeJS.MemoryUsage;
      return { heapBytes: usage.heapUsed, externalBytes: usage.external, residentBytes: usage.rss };
    },
    close: () => socket.close(),
  };
};
