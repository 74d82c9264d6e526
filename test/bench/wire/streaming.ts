/** Streams of large messages through the proxy, in bytes per second. */

import { inTurns, line, median, ratio, whole } from './figures.ts';
import { runLoad } from './h2load.ts';
import { repeatOf } from './messages.ts';
import type { Platform } from './platform.ts';

export const streaming = async (platform: Platform): Promise<void> => {
  const messageBytes = 64 * 1024;
  const messages = 256;
  const [calls, lanes] = [8, 4];
  const load = {
    path: '/everything.Everything/Repeat',
    message: repeatOf(messages, messageBytes),
    token: platform.token,
    connections: lanes,
    streams: 1,
    calls,
    // As wide as the windows of most clients, so that flow control has work to do.
    windowBits: 20,
  };
  const targets = { direct: platform.node('everything'), proxy: platform.proxy };
  const figures = await inTurns(targets, async (address) => {
    const { dataBytes, seconds: took } = await runLoad({ ...load, address });
    if (dataBytes < calls * messages * messageBytes) throw new Error(`${address}: only ${dataBytes} bytes came`);
    return dataBytes / took / 1e6;
  });
  console.log(`a stream of 64 KiB messages to each of ${lanes} connections, MB/s`);
  line('direct', whole(median(figures.direct!)));
  line('through the proxy', whole(median(figures.proxy!)), `${ratio(figures.proxy!, figures.direct!)} x direct`);
};
